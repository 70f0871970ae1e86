import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import softplus

from helpers import Points, SmallGenerator, fit, small_module
from saddle.architecture import base
from saddle.augmentation.base import Augmentation
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.turn import Moment
from saddle.game.vae_gan import VAEGAN
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.latent_consistency import LatentConsistency
from saddle.penalty.lecam import LeCam
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2
from saddle.penalty.weight_clipping import WeightClipping

LATENT = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
NOISE = torch.randn(6, 3, generator=torch.Generator().manual_seed(4))
SHARES = torch.linspace(0.1, 0.9, 6)
REAL = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(3))
BATCH = {"image": REAL}
WEIGHTS = {"kl": 0.5, "features": 3.0, "gamma": 0.2, "adversarial": 0.7}


def moment() -> Moment:
    noise = {"latent": LATENT, "posterior": NOISE, "latent_consistency": NOISE}
    return Moment(0, 0, lambda purpose, shape: noise[purpose], lambda purpose, shape: SHARES)


class SmallEncoder(base.Encoder):
    """2x2 images to three means and three log variances by one linear layer."""

    latent_dim, classes, gaussian = 3, 0, True

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 6)

    def forward(self, images):
        return self.linear(images.flatten(1))


class Headed(base.Discriminator):
    """2x2 images to logits by a linear layer of their hyperbolic tangents, the features, which have a weight, too."""

    classes = 0

    def __init__(self) -> None:
        super().__init__()
        self.scale, self.last = nn.Parameter(torch.tensor(0.8)), nn.Linear(4, 1)

    @property
    def head(self):
        return self.last

    def features(self, images):
        return torch.tanh(self.scale * images.flatten(1))

    def forward(self, images):
        return self.head(self.features(images)).squeeze(1)


@pytest.fixture
def networks():
    torch.manual_seed(5)
    return {"generator": SmallGenerator(), "discriminator": Headed(), "encoder": SmallEncoder()}


def by_hand(networks):
    """The posterior, its images, and those of the prior."""
    mean, log_variance = networks["encoder"](REAL).chunk(2, 1)
    spread = (log_variance / 2).exp()
    codes = mean + spread * NOISE
    return Normal(mean, spread), networks["generator"](codes), networks["generator"](LATENT)


def negative_log_likelihood(networks, made):
    f = networks["discriminator"].features
    return (f(REAL) - f(made)).square().sum(1).mean() / 2


def close(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)


def gradients(value, network):
    return torch.autograd.grad(value, list(network.parameters()), retain_graph=True)


def test_encoder_minimizes_the_divergence_and_the_negative_log_likelihood_of_ds_features(networks):
    posterior, made, _ = by_hand(networks)
    kl = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).mean()
    expected = {"kl": 0.5 * kl, "features": 3 * negative_log_likelihood(networks, made)}
    played = VAEGAN(AdversarialObjective(Minimax()), weights=WEIGHTS).encoder_loss(networks, BATCH, moment())
    close(played.terms, expected)
    slopes = (gradients(sum(terms.values()), networks["encoder"]) for terms in (played.terms, expected))
    for found, right in zip(*slopes, strict=True):
        torch.testing.assert_close(found, right)


@pytest.mark.parametrize("loss", [NonSaturating(), Relativistic()], ids=["non-saturating", "relativistic"])
def test_generator_minimizes_gamma_features_and_what_d_says_of_both_kinds(networks, loss):
    _, made, fake = by_hand(networks)
    judge = networks["discriminator"]
    real = judge(REAL).detach() if loss.relative else 0
    adversarial = (softplus(real - judge(fake)) + softplus(real - judge(made))).mean() / 2
    expected = {"adversarial": 0.7 * adversarial, "features": 0.2 * negative_log_likelihood(networks, made)}
    played = VAEGAN(AdversarialObjective(loss), weights=WEIGHTS).generator_loss(networks, BATCH, moment())
    close(played.terms, expected)
    slopes = (gradients(sum(terms.values()), networks["generator"]) for terms in (played.terms, expected))
    for found, right in zip(*slopes, strict=True):
        torch.testing.assert_close(found, right)
    sum(played.terms.values()).backward()
    assert all(p.grad is None for p in networks["encoder"].parameters())


def test_d_tells_real_images_from_reconstructions_and_from_those_of_the_prior(networks):
    _, made, fake = by_hand(networks)
    judge = networks["discriminator"]
    scale, weight = judge.scale, judge.head.weight[0]

    def slope(images):  # of w tanh(s x) + b
        return (weight * scale * (1 - judge.features(images).square())).square().sum(1).mean()

    expected = {
        "adversarial": (softplus(-judge(REAL)) + (softplus(judge(fake)) + softplus(judge(made))) / 2).mean(),
        "r1": 0.5 * slope(REAL),
        "r2": 0.3 * (slope(fake) + slope(made)) / 2,
    }
    played = VAEGAN(AdversarialObjective(Minimax(), {"r1": R1(0.5), "r2": R2(0.3)})).discriminator_loss(
        networks, BATCH, moment()
    )
    close(played.terms, expected)
    torch.testing.assert_close(played.observed["real"], judge(REAL))
    torch.testing.assert_close(played.observed["fake"], torch.stack([judge(fake), judge(made)], 1).flatten())
    bare = VAEGAN(AdversarialObjective(Minimax())).discriminator_loss(
        networks, BATCH, moment()
    )  # R2 would detach images
    sum(bare.terms.values()).backward()
    assert all(p.grad is None for name in ("encoder", "generator") for p in networks[name].parameters())
    assert all(p.grad.any() for p in judge.parameters())


@pytest.mark.parametrize("alone", ["encoder", "generator", "discriminator"])
def test_each_turn_changes_its_own_network_and_none_else(networks, alone):
    game = VAEGAN(AdversarialObjective(NonSaturating(), {"r1": R1(1.0)}))
    still = {turn.name: lambda p: torch.optim.SGD(p, lr=0.0) for turn in game.turns()}
    optimizers = {**still, alone: lambda p: torch.optim.SGD(p, lr=0.1)}
    module = small_module(game, networks=networks, optimizers=optimizers)
    before = {name: [p.clone().double() for p in n.parameters()] for name, n in module.networks.items()}
    fit(module, Points(), 3)
    for name, network in module.networks.items():
        moved = [not torch.equal(p, b) for p, b in zip(network.parameters(), before[name], strict=True)]
        assert moved == [name == alone] * len(moved)
    assert module.clock.updates == {"encoder": 3, "generator": 3, "discriminator": 3}
    assert [turn.name for turn in module.turns] == ["encoder", "generator", "discriminator"]


def test_a_weight_of_0_takes_a_term_out(networks):
    def slope(turn, part, **weights):
        game = VAEGAN(AdversarialObjective(Minimax()), weights={**WEIGHTS, **weights})
        terms = getattr(game, turn)(networks, BATCH, moment()).terms
        return gradients(sum(terms.values()), networks[part]), {
            k: gradients(v, networks[part]) for k, v in terms.items()
        }

    for turn, part, left, changes in (
        ("encoder_loss", "encoder", "features", {"kl": 0.0}),
        ("encoder_loss", "encoder", "kl", {"features": 0.0}),
        ("generator_loss", "generator", "adversarial", {"gamma": 0.0}),
        ("generator_loss", "generator", "features", {"adversarial": 0.0}),
    ):
        found, terms = slope(turn, part, **changes)
        for value, expected in zip(found, terms[left], strict=True):
            torch.testing.assert_close(value, expected)
        assert any(value.any() for value in found)


class Doubled(Augmentation):
    """Images times two."""

    def forward(self, images, uniform):
        return 2 * images


def test_augmentations_are_for_the_contest_and_not_for_what_features_compare(networks):
    _, made, fake = by_hand(networks)
    judge = networks["discriminator"]
    game = VAEGAN(AdversarialObjective(NonSaturating(), augmentations={"doubled": Doubled()}))
    terms = game.generator_loss(networks, BATCH, moment()).terms
    expected = {
        "adversarial": (softplus(-judge(2 * fake)) + softplus(-judge(2 * made))).mean() / 2,
        "features": negative_log_likelihood(networks, made),
    }
    close(terms, expected)


def test_penalties_between_images_and_terms_look_at_both_kinds(networks):
    _, made, fake = by_hand(networks)
    judge, generator = networks["discriminator"], networks["generator"]
    weight = judge.scale * judge.head.weight[0]

    def excess(images):
        between = SHARES.view(-1, 1, 1, 1) * REAL + (1 - SHARES.view(-1, 1, 1, 1)) * images
        return ((weight * (1 - judge.features(between).square())).norm(dim=1) - 1).square().mean()

    penalties = {"gp": GradientPenalty(1.0), "latent": LatentConsistency(1.0, deviation=0.5)}
    terms = VAEGAN(AdversarialObjective(Minimax(), penalties)).discriminator_loss(networks, BATCH, moment()).terms
    torch.testing.assert_close(terms["gp"], (excess(fake) + excess(made)) / 2)
    codes = by_hand(networks)[0].loc + by_hand(networks)[0].scale * NOISE
    moved = [generator(start + 0.5 * NOISE) for start in (LATENT, codes)]
    gaps = [(judge(x) - judge(y)).square().mean() for x, y in zip((fake, made), moved, strict=True)]
    torch.testing.assert_close(terms["latent"], sum(gaps) / 2)


def test_what_remembers_is_told_logits_on_both_kinds_and_constraints_are_ds(networks):
    lecam, clip = LeCam(weight=1.0), WeightClipping(limit=0.1)
    game = VAEGAN(AdversarialObjective(NonSaturating(), {"lecam": lecam, "clip": clip}))
    assert game.state() == {"lecam": lecam.state}
    encoder, generator, discriminator = game.turns()
    assert (encoder.after, generator.after) == (None, None)
    assert (encoder.constraints, generator.constraints, discriminator.constraints) == ((), (), (clip,))
    played = game.discriminator_loss(networks, BATCH, moment())
    discriminator.after(played.observed)
    assert [v.item() for v in lecam.state.values()] == pytest.approx(
        [played.observed[k].mean().item() for k in ("real", "fake")]
    )
    assert VAEGAN(AdversarialObjective(NonSaturating())).turns()[2].after is None


def test_a_conditional_generator_is_told_the_labels(networks):
    class Told(SmallGenerator):
        classes = 10

        def forward(self, latent, labels):
            return super().forward(latent) * (labels + 1).view(-1, 1, 1, 1)

    labels = torch.tensor([0, 3, 1, 1, 2, 5])
    told = {**networks, "generator": Told()}
    told["generator"].load_state_dict(networks["generator"].state_dict())
    _, made, fake = by_hand(networks)
    factor = (labels + 1).view(-1, 1, 1, 1)
    batch = {**BATCH, "label": labels}
    game = VAEGAN(AdversarialObjective(NonSaturating()))
    terms = game.encoder_loss(told, batch, moment()).terms
    torch.testing.assert_close(terms["features"], negative_log_likelihood(networks, factor * made))
    observed = game.generator_loss(told, batch, moment()).observed["fake"]
    judge = networks["discriminator"]
    torch.testing.assert_close(observed, torch.stack([judge(factor * fake), judge(factor * made)], 1).flatten())
    assert game.pictures(told, batch, moment())["reconstructions"].shape == (2, 6, 1, 2, 2)


def test_metrics_are_the_divergence_and_the_error_of_decoded_means(networks):
    posterior, _, _ = by_hand(networks)
    game = VAEGAN(AdversarialObjective(Minimax()))
    expected = {
        "kl": kl_divergence(posterior, Normal(0.0, 1.0)).sum(1),
        "reconstruction_error": (REAL - networks["generator"](posterior.loc)).square().flatten(1).mean(1) / 4,
    }
    close(game.metrics(networks, BATCH, moment()), expected)
    shown = game.pictures(networks, BATCH, moment())["reconstructions"]
    torch.testing.assert_close(shown, torch.stack([REAL, networks["generator"](posterior.loc)]))


def test_the_encoder_is_gaussian_and_the_terms_have_these_names():
    assert VAEGAN(AdversarialObjective(Minimax())).decides() == {"encoder": {"gaussian": True}}
    with pytest.raises(ValueError, match="weights.gamma is missing"):
        VAEGAN(AdversarialObjective(Minimax()), weights={"kl": 1.0, "features": 1.0, "adversarial": 1.0})
    with pytest.raises(ValueError, match="weights.pixels: there is no such term"):
        VAEGAN(AdversarialObjective(Minimax()), weights={**WEIGHTS, "pixels": 1.0})
