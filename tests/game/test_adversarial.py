"""The two turns of the adversarial game, by hand and beside all that joins them: labels, augmentations, terms."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import softplus

from helpers import SmallDiscriminator, SmallGenerator, differences
from saddle.architecture import dcgan
from saddle.augmentation.ada import ADA
from saddle.augmentation.base import Augmentation
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective, generated, image_inputs
from saddle.game.turn import Moment
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.loss.relativistic_average import RelativisticAverage
from saddle.penalty.feature_matching import FeatureMatching
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.lecam import LeCam
from saddle.penalty.mean_matching import MeanMatching
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2
from saddle.penalty.weight_clipping import WeightClipping

LATENT = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
SHARES = torch.linspace(0.1, 0.9, 6)
REAL = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(3))


def moment(iteration: int = 0) -> Moment:
    noise = {"latent": LATENT}
    return Moment(iteration, 0, lambda purpose, shape: noise[purpose], lambda purpose, shape: SHARES)


@pytest.fixture
def networks():
    return {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(curved=True)}


def by_hand(networks):
    """Weight and bias of D, logits on real and fake, fakes, and D's input gradient at x: w (1 + 2 (w.x + b))."""
    linear = networks["discriminator"].linear
    weight, bias = linear.weight.detach().squeeze(0), linear.bias.detach()
    fake = networks["generator"](LATENT).detach()

    def linear_part(x):
        return x.flatten(1) @ weight + bias

    def logits(x):
        return linear_part(x) + linear_part(x).square()

    def gradient(x):
        return weight * (1 + 2 * linear_part(x)).unsqueeze(1)

    return fake, logits, gradient


def test_discriminator_terms_are_the_hand_computed_ones(networks):
    game = Adversarial(
        AdversarialObjective(
            Minimax(),
            {"r1": R1(weight=0.5, every_iterations=2), "gp": GradientPenalty(weight=10.0), "off": R1(weight=0.0)},
        )
    )
    fake, logits, gradient = by_hand(networks)
    played = game.discriminator_loss(networks, {"image": REAL}, moment(0))
    between = SHARES.view(-1, 1, 1, 1) * REAL + (1 - SHARES.view(-1, 1, 1, 1)) * fake
    expected = {
        "adversarial": (softplus(-logits(REAL)) + softplus(logits(fake))).mean(),
        "r1": 2 * 0.5 * gradient(REAL).square().sum(1).mean(),
        "gp": 10 * (gradient(between).norm(dim=1) - 1).square().mean(),
    }
    assert played.terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(played.terms[name].detach(), value, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(played.observed["real"], logits(REAL))
    torch.testing.assert_close(played.observed["fake"], logits(fake))
    assert game.discriminator_loss(networks, {"image": REAL}, moment(1)).terms.keys() == {"adversarial", "gp"}


def test_generator_terms_are_the_hand_computed_ones(networks):
    game = Adversarial(
        AdversarialObjective(
            NonSaturating(), {"mean_matching": MeanMatching(weight=0.3), "zero": MeanMatching(weight=0.0)}
        )
    )
    fake, logits, _ = by_hand(networks)
    played = game.generator_loss(networks, {"image": REAL}, moment())
    torch.testing.assert_close(played.terms["adversarial"].detach(), softplus(-logits(fake)).mean())
    gap = (REAL.mean(0) - fake.mean(0)).square().sum()
    torch.testing.assert_close(played.terms["mean_matching"].detach(), 0.3 * gap)
    assert played.terms.keys() == {"adversarial", "mean_matching"}


def test_each_turn_gives_gradients_to_its_own_network_even_untoggled(networks):
    game = Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(weight=1.0)}))
    sum(game.discriminator_loss(networks, {"image": REAL}, moment()).terms.values()).backward()
    assert networks["generator"].linear.weight.grad is None
    assert networks["discriminator"].linear.weight.grad.abs().sum() > 0
    sum(game.generator_loss(networks, {"image": REAL}, moment()).terms.values()).backward()
    assert networks["generator"].linear.weight.grad.abs().sum() > 0


def test_a_shared_pass_gives_the_same_gradients_as_a_pass_for_each_term(networks):
    """R1's logits come from the pass that its input gradient is taken from."""
    weight = networks["discriminator"].linear.weight
    terms = (
        Adversarial(AdversarialObjective(Minimax(), {"r1": R1(weight=1.0)}))
        .discriminator_loss(networks, {"image": REAL}, moment())
        .terms
    )
    (together,) = torch.autograd.grad(sum(terms.values()), weight)
    alone = Adversarial(AdversarialObjective(Minimax())).discriminator_loss(networks, {"image": REAL}, moment()).terms
    images = REAL.clone().requires_grad_()
    (slope,) = torch.autograd.grad(networks["discriminator"](images).sum(), images, create_graph=True)
    apart = alone["adversarial"] + slope.flatten(1).square().sum(1).mean()
    torch.testing.assert_close(together, torch.autograd.grad(apart, weight)[0], rtol=1e-5, atol=1e-6)


def test_logits_of_another_shape_are_refused(networks):
    networks["discriminator"].forward = lambda images: images.flatten(1)[:, :1]
    for turn in Adversarial(AdversarialObjective(Minimax())).turns():
        with pytest.raises(ValueError, match=r"logits of shape \(6,\)"):
            turn.loss(networks, {"image": REAL}, moment())


class ConditionalGenerator(SmallGenerator):
    """Its images are multiplied by one more than the label."""

    classes = 10

    def forward(self, latent, labels):
        return super().forward(latent) * (labels + 1).view(-1, 1, 1, 1)


class ConditionalDiscriminator(SmallDiscriminator):
    """Its logits are multiplied by one more than the label."""

    classes = 10

    def forward(self, images, labels):
        return super().forward(images) * (labels + 1)


def test_conditional_networks_are_told_the_labels_of_the_real_images_in_every_pass(networks):
    labels = torch.tensor([0, 3, 1, 1, 2, 5])
    told = {"generator": ConditionalGenerator(), "discriminator": ConditionalDiscriminator(curved=True)}
    for name, network in networks.items():
        told[name].load_state_dict(network.state_dict())
    game = Adversarial(AdversarialObjective(Minimax(), {"r1": R1(weight=1.0), "gp": GradientPenalty(weight=1.0)}))
    batch = {"image": REAL, "label": labels}
    _, logits, gradient = by_hand(networks)
    factor = (labels + 1).float()
    fake = told["generator"](LATENT, labels).detach()
    played = game.discriminator_loss(told, batch, moment())
    torch.testing.assert_close(played.observed["real"], factor * logits(REAL))
    torch.testing.assert_close(played.observed["fake"], factor * logits(fake))
    between = SHARES.view(-1, 1, 1, 1) * REAL + (1 - SHARES.view(-1, 1, 1, 1)) * fake
    slopes = {name: factor.unsqueeze(1) * gradient(x) for name, x in (("r1", REAL), ("gp", between))}
    torch.testing.assert_close(played.terms["r1"].detach(), slopes["r1"].square().sum(1).mean())
    torch.testing.assert_close(played.terms["gp"].detach(), (slopes["gp"].norm(dim=1) - 1).square().mean())
    fooled = game.generator_loss(told, batch, moment())
    torch.testing.assert_close(fooled.observed["fake"], factor * logits(fake))


class Darker(Augmentation):
    """Images times a number per row, drawn for a purpose; the purposes asked for are remembered."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def forward(self, images, uniform):
        self.asked.append(uniform("darker", (len(images),)))
        return images * self.asked[-1].view(-1, 1, 1, 1)


def test_d_sees_images_through_augmentations_with_numbers_of_their_own_per_kind(networks):
    numbers = {f"{kind}.darker": torch.rand(6) for kind in ("real", "fake", "between")}
    given = Moment(0, 0, lambda p, s: LATENT, lambda p, s: numbers.get(p, SHARES))
    darker = Darker()
    game = Adversarial(
        AdversarialObjective(Minimax(), {"gp": GradientPenalty(weight=1.0)}, augmentations={"darker": darker})
    )
    fake, logits, gradient = by_hand(networks)

    def dark(images, kind):
        return images * numbers[f"{kind}.darker"].view(-1, 1, 1, 1)

    played = game.discriminator_loss(networks, {"image": REAL}, given)
    torch.testing.assert_close(played.observed["real"], logits(dark(REAL, "real")))
    torch.testing.assert_close(played.observed["fake"], logits(dark(fake, "fake")))
    between = SHARES.view(-1, 1, 1, 1) * REAL + (1 - SHARES.view(-1, 1, 1, 1)) * fake
    slope = gradient(dark(between, "between")) * numbers["between.darker"].unsqueeze(1)  # by the chain rule
    torch.testing.assert_close(played.terms["gp"].detach(), (slope.norm(dim=1) - 1).square().mean())
    fooled = game.generator_loss(networks, {"image": REAL}, given)
    torch.testing.assert_close(fooled.observed["fake"], logits(dark(fake, "fake")))
    assert game.state() == {}  # it remembers nothing in buffers
    assert game.turns()[0].after is None


def test_what_remembers_is_state_and_is_told_logits_after_ds_step_alone(networks):
    lecam, ada = LeCam(weight=1.0), ADA(every_iterations=1)
    game = Adversarial(
        AdversarialObjective(NonSaturating(), {"lecam": lecam, "r1": R1(1.0)}, augmentations={"ada": ada})
    )
    assert game.state() == {"lecam": lecam.state, "ada": ada}
    before = {name: value.clone() for name, value in lecam.state.state_dict().items()}
    played = game.discriminator_loss(networks, {"image": REAL}, moment())
    assert all(torch.equal(before[name], value) for name, value in lecam.state.state_dict().items())
    discriminator, generator = game.turns()
    assert generator.after is None
    discriminator.after(played.observed)
    assert lecam.state.values()[0].item() == pytest.approx(played.observed["real"].double().mean().item())
    assert ada.r_t == played.observed["real"].sign().mean()


def test_a_loss_over_the_batch_is_given_the_logits_of_all_ranks_with_their_gradients(networks):
    real, fake = torch.randn(6), torch.randn(6)
    others = iter([real, fake, fake, real])
    given = replace(moment(), gather=lambda rows: torch.cat([rows, next(others)]))
    loss = RelativisticAverage("least_squares")
    game = Adversarial(AdversarialObjective(loss))
    made, logits, _ = by_hand(networks)
    played = game.discriminator_loss(networks, {"image": REAL}, given)
    all_real, all_fake = torch.cat([logits(REAL), real]), torch.cat([logits(made), fake])
    torch.testing.assert_close(played.terms["adversarial"].detach(), loss.discriminator(all_real, all_fake).mean())
    fooled = game.generator_loss(networks, {"image": REAL}, given)
    torch.testing.assert_close(fooled.terms["adversarial"].detach(), loss.generator(all_fake, all_real).mean())
    fooled.terms["adversarial"].backward()
    assert networks["generator"].linear.weight.grad.abs().sum() > 0


def test_features_are_what_the_last_layer_reads(networks):
    class Headed(SmallDiscriminator):
        @property
        def head(self):
            return self.linear

        def forward(self, images):
            return self.linear(images.flatten(1).tanh()).squeeze(1)

    networks["discriminator"] = Headed()
    fake, _, _ = by_hand(networks)
    played = Adversarial(AdversarialObjective(NonSaturating(), {"match": FeatureMatching(2.0)})).generator_loss(
        networks, {"image": REAL}, moment()
    )
    gap = REAL.flatten(1).tanh().mean(0) - fake.flatten(1).tanh().mean(0)
    torch.testing.assert_close(played.terms["match"].detach(), 2 * gap.square().sum())
    assert not networks["discriminator"].head._forward_pre_hooks


def test_a_lazy_term_of_g_counts_gs_turns(networks):
    game = Adversarial(
        AdversarialObjective(NonSaturating(), {"match": MeanMatching(1.0, every_iterations=2)}), n_critic=2
    )
    generator = game.turns()[1]
    played = [i for i in range(8) if generator.due(i)]
    given = [game.generator_loss(networks, {"image": REAL}, moment(i)).terms for i in played]
    assert ["match" in terms for terms in given] == [True, False, True, False]


@pytest.mark.parametrize(
    ("loss", "penalties"),
    [
        (NonSaturating(), {"r1": R1(0.5, every_iterations=2), "r2": R2(0.3), "gp": GradientPenalty(10.0)}),
        (RelativisticAverage(), {"match": FeatureMatching(2.0, every_iterations=2), "off": MeanMatching(0.0)}),
        (Minimax(), {"lecam": LeCam(0.7), "mean": MeanMatching(0.4), "clip": WeightClipping(0.1)}),
    ],
)
def test_what_it_spells_out_is_what_other_games_ask_of_the_objective(networks, loss, penalties):
    """`AdversarialObjective.discriminator_loss` and `generator_loss`, with every kind of penalty, due or not."""
    objective = AdversarialObjective(loss, penalties, {"ada": ADA()})
    game, batch = Adversarial(objective, n_critic=3), {"image": REAL}
    for iteration in range(2, 12, 3):
        latent, fake = generated(networks, batch, moment(iteration))
        inputs = [image_inputs(objective, networks, batch, moment(iteration), latent, f) for f in (fake.detach(), fake)]
        others = (
            objective.discriminator_loss(inputs[0], moment(iteration)),
            objective.generator_loss(inputs[1], moment(iteration), iteration // 3),
        )
        ours = (
            game.discriminator_loss(networks, batch, moment(iteration)),
            game.generator_loss(networks, batch, moment(iteration)),
        )
        for mine, other, name in zip(ours, others, ("discriminator", "generator"), strict=True):
            assert list(mine.terms) == list(other.terms)
            assert differences(mine.terms, other.terms) == differences(mine.observed, other.observed) == []
            gradients = [
                torch.autograd.grad(sum(p.terms.values()), networks[name].linear.weight) for p in (mine, other)
            ]
            assert torch.equal(*(gradient for (gradient,) in gradients))


LABELS = torch.tensor([0, 2, 1, 2, 0, 1])


def conditional(condition="projection"):
    torch.manual_seed(1)
    sizes = {"conditional": True, "classes": 3, "widths": (4,)}
    generator = dcgan.Generator(8, 1, latent_dim=3, normalization="none", **sizes)
    return {"generator": generator, "discriminator": dcgan.Discriminator(8, 1, condition=condition, **sizes)}


@pytest.mark.parametrize("penalties", [{}, {"r1": R1(weight=0.5)}, {"gp": GradientPenalty(weight=1.0)}])
def test_labels_are_told_apart_by_ds_own_logits(penalties):
    networks, batch = conditional(), {"image": torch.randn(6, 1, 8, 8), "label": LABELS}
    game = Adversarial(AdversarialObjective(Relativistic(), penalties), label_weight=0.3)
    played = game.discriminator_loss(networks, batch, moment())
    logits = torch.stack([networks["discriminator"](batch["image"], torch.full((6,), label)) for label in range(3)], 1)
    likelihood = logits.softmax(1)[torch.arange(6), LABELS]
    torch.testing.assert_close(played.terms["labels"], -0.3 * likelihood.log().mean())

    plain = Adversarial(AdversarialObjective(Relativistic(), penalties))
    others = plain.discriminator_loss(networks, batch, moment()).terms
    assert played.terms.keys() - others.keys() == {"labels"}
    for name, value in others.items():
        torch.testing.assert_close(played.terms[name], value)
    of_g = [one.generator_loss(networks, batch, moment()).terms for one in (game, plain)]
    assert of_g[0].keys() == of_g[1].keys()


@pytest.mark.parametrize("condition", ["concatenation", None])
def test_labels_that_ds_last_layer_does_not_take_are_not_told_apart(condition, networks):
    given = networks if condition is None else conditional(condition)
    size = 2 if condition is None else 8
    game = Adversarial(AdversarialObjective(Relativistic()), label_weight=0.3)
    batch = {"image": torch.randn(6, 1, size, size), "label": LABELS}
    assert game.discriminator_loss(given, batch, moment()).terms.keys() == {"adversarial"}
