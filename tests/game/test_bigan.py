import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from encoders import SmallEncoder
from helpers import Points, SmallGenerator, fit, small_module
from saddle.augmentation.base import Augmentation
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.bigan import BiGAN
from saddle.game.turn import Moment
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2

LATENT = torch.randn(6, 3, generator=torch.Generator().manual_seed(2))
NOISE = torch.randn(6, 3, generator=torch.Generator().manual_seed(4))
SHARES = torch.linspace(0.1, 0.9, 6)
REAL = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(3))
BATCH = {"image": REAL}


def moment(iteration: int = 0) -> Moment:
    noise = {"latent": LATENT, "posterior": NOISE}
    return Moment(iteration, 0, lambda purpose, shape: noise[purpose], lambda purpose, shape: SHARES)


class SmallJoint(nn.Module):
    """2x2 images with three numbers to logits u + u^2, u linear, so that input gradients vary."""

    classes = 0

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(7, 1)

    def forward(self, images, codes):
        u = self.linear(torch.cat([images.flatten(1), codes], 1)).squeeze(1)
        return u + u.square()


def made(gaussian: bool = False) -> dict[str, nn.Module]:
    torch.manual_seed(5)
    return {"generator": SmallGenerator(), "encoder": SmallEncoder(gaussian), "joint_discriminator": SmallJoint()}


@pytest.fixture
def networks():
    return made()


def by_hand(networks):
    """The pairs (x, E(x)) and (G(z), z), D's logits on pairs, and D's gradient by the pair: w (1 + 2 u)."""
    linear = networks["joint_discriminator"].linear
    weight, bias = linear.weight.detach().squeeze(0), linear.bias.detach()
    real = torch.cat([REAL.flatten(1), networks["encoder"](REAL).detach()], 1)
    fake = torch.cat([networks["generator"](LATENT).detach().flatten(1), LATENT], 1)

    def logits(pairs):
        u = pairs @ weight + bias
        return u + u.square()

    def gradient(pairs):
        return weight * (1 + 2 * (pairs @ weight + bias)).unsqueeze(1)

    return real, fake, logits, gradient


def test_d_tells_images_with_their_codes_from_latents_with_their_images(networks):
    penalties = {"r1": R1(weight=0.5), "r2": R2(weight=0.25), "gp": GradientPenalty(weight=10.0)}
    real, fake, logits, gradient = by_hand(networks)
    played = BiGAN(AdversarialObjective(Minimax(), penalties)).discriminator_loss(networks, BATCH, moment())
    between = SHARES[:, None] * real + (1 - SHARES[:, None]) * fake
    expected = {
        "adversarial": (softplus(-logits(real)) + softplus(logits(fake))).mean(),
        "r1": 0.5 * gradient(real).square().sum(1).mean(),  # by the code as well as by the image
        "r2": 0.25 * gradient(fake).square().sum(1).mean(),
        "gp": 10 * (gradient(between).norm(dim=1) - 1).square().mean(),
    }
    assert played.terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(played.terms[name].detach(), value, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(played.observed["real"], logits(real))
    torch.testing.assert_close(played.observed["fake"], logits(fake))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (Minimax(), lambda real, fake: -softplus(-real) - softplus(fake)),  # log D(x, E(x)) + log(1 - D(G(z), z))
        (NonSaturating(), lambda real, fake: softplus(real) + softplus(-fake)),  # ALI, algorithm 1
        (Relativistic(), lambda real, fake: softplus(real - fake)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_encoder_and_generator_minimize_what_d_maximizes(networks, loss, expected):
    real, fake, logits, _ = by_hand(networks)
    played = BiGAN(AdversarialObjective(loss)).generator_loss(networks, BATCH, moment())
    assert played.terms.keys() == {"adversarial"}
    torch.testing.assert_close(played.terms["adversarial"].detach(), expected(logits(real), logits(fake)).mean())


def test_encoder_learns_from_ds_slope_at_real_pairs_and_generator_at_its_own(networks):
    real, fake, logits, gradient = by_hand(networks)
    BiGAN(AdversarialObjective(NonSaturating())).generator_loss(networks, BATCH, moment()).terms[
        "adversarial"
    ].backward()
    by_code = gradient(real)[:, 4:] * logits(real).sigmoid()[:, None] / 6  # of softplus(real)
    by_image = -gradient(fake)[:, :4] * (-logits(fake)).sigmoid()[:, None] / 6  # of softplus(-fake)
    torch.testing.assert_close(networks["encoder"].linear.weight.grad, by_code.T @ REAL.flatten(1))
    torch.testing.assert_close(networks["generator"].linear.weight.grad, by_image.T @ LATENT)


def test_ds_loss_reaches_d_alone(networks):
    sum(
        BiGAN(AdversarialObjective(NonSaturating(), {"r1": R1(1.0)}))
        .discriminator_loss(networks, BATCH, moment())
        .terms.values()
    ).backward()
    assert networks["joint_discriminator"].linear.weight.grad.abs().sum() > 0
    assert networks["encoder"].linear.weight.grad is networks["generator"].linear.weight.grad is None


def test_stochastic_codes_are_drawn_from_the_encoders_gaussian_as_in_ali():
    networks = made(gaussian=True)
    game = BiGAN(AdversarialObjective(NonSaturating()), stochastic=True)
    assert game.decides()["encoder"] == {"gaussian": True}
    mean, log_variance = networks["encoder"](REAL).chunk(2, 1)
    codes = mean + (log_variance / 2).exp() * NOISE
    expected = networks["joint_discriminator"](REAL, codes)
    torch.testing.assert_close(game.discriminator_loss(networks, BATCH, moment()).observed["real"], expected)
    played = game.generator_loss(networks, BATCH, moment())
    torch.testing.assert_close(played.observed["real"], expected)
    played.terms["adversarial"].backward()
    gradient = networks["encoder"].linear.weight.grad
    assert (gradient[:3].abs().sum() > 0) and (gradient[3:].abs().sum() > 0)  # of means and of log variances
    metrics = game.metrics(networks, BATCH, moment())
    errors = (networks["generator"](mean) - REAL).square().flatten(1).mean(1) / 4  # metrics are of the means
    torch.testing.assert_close(metrics["reconstruction_error"], errors)


class Darker(Augmentation):
    """Images times a number per row."""

    def forward(self, images, uniform):
        return images * uniform("darker", (len(images),)).view(-1, 1, 1, 1)


def test_augmentations_change_the_image_of_a_pair_and_leave_its_code(networks):
    numbers = {f"{kind}.darker": torch.rand(6) for kind in ("real", "fake")}
    given = Moment(0, 0, lambda p, s: LATENT, lambda p, s: numbers[p])
    real, fake, logits, gradient = by_hand(networks)
    pairs = {}
    for kind, clear in (("real", real), ("fake", fake)):
        pairs[kind] = torch.cat([clear[:, :4] * numbers[f"{kind}.darker"][:, None], clear[:, 4:]], 1)
    game = BiGAN(AdversarialObjective(Minimax(), {"r1": R1(1.0)}, augmentations={"darker": Darker()}))
    played = game.discriminator_loss(networks, BATCH, given)
    torch.testing.assert_close(played.observed["real"], logits(pairs["real"]))
    torch.testing.assert_close(played.observed["fake"], logits(pairs["fake"]))
    slope = gradient(pairs["real"])
    slope[:, :4] *= numbers["real.darker"][:, None]  # by the chain rule
    torch.testing.assert_close(played.terms["r1"].detach(), slope.square().sum(1).mean())
    torch.testing.assert_close(game.generator_loss(networks, BATCH, given).observed["real"], logits(pairs["real"]))


def test_each_turn_changes_its_own_networks_and_every_critics_turn_counts():
    def module():
        return small_module(BiGAN(AdversarialObjective(NonSaturating(), {"r1": R1(0.1)}), n_critic=2), networks=made())

    before = {name: value.clone() for name, value in module().state_dict().items()}
    changed = {}
    for steps in (1, 5):
        trained = module()
        fit(trained, Points(), steps)
        now = trained.state_dict()
        changed[steps] = {name.split(".")[0] for name, value in before.items() if not torch.equal(now[name], value)}
    assert changed == {1: {"joint_discriminator"}, 5: {"generator", "encoder", "joint_discriminator"}}
    assert trained.clock.updates == {"discriminator": 5, "generator": 2}


def test_metrics_are_errors_of_both_round_trips(networks):
    generator, encoder = networks["generator"], networks["encoder"]
    with torch.no_grad():  # E undoes G
        generator.linear.weight.copy_(torch.eye(4, 3)), generator.linear.bias.zero_()
        encoder.linear.weight.copy_(torch.eye(3, 4)), encoder.linear.bias.zero_()
    found = BiGAN(AdversarialObjective(Minimax())).metrics(networks, BATCH, moment())
    assert found.keys() == {"reconstruction_error", "code_error"}  # there are no labels
    torch.testing.assert_close(found["code_error"], torch.zeros(6))
    torch.testing.assert_close(found["reconstruction_error"], REAL[:, 0, 1, 1].square() / 4 / 4)  # what 3 numbers lose
    nn.init.zeros_(encoder.linear.weight)
    found = BiGAN(AdversarialObjective(Minimax())).metrics(networks, BATCH, moment())
    torch.testing.assert_close(found["code_error"], LATENT.square().mean(1))
    (name, picture), *others = BiGAN(AdversarialObjective(Minimax())).pictures(networks, BATCH, moment()).items()
    assert (name, others, picture.shape) == ("reconstructions", [], (2, 6, 1, 2, 2))
    torch.testing.assert_close(picture[0], REAL)
    torch.testing.assert_close(picture[1], torch.zeros_like(REAL))


def test_neighbor_accuracy_asks_the_nearest_other_code(networks):
    with torch.no_grad():
        networks["encoder"].linear.weight.copy_(torch.eye(3, 4))
        networks["encoder"].linear.bias.zero_()
    places = torch.tensor([0.0, 0.1, 0.3, 5.0, 5.2, 9.0])  # the nearest others: 1, 0, 1, 4, 3, 4
    images = torch.zeros(6, 1, 2, 2)
    images[:, 0, 0, 0] = places
    batch = {"image": images, "label": torch.tensor([1, 1, 2, 0, 2, 2])}
    found = BiGAN(AdversarialObjective(Minimax())).metrics(networks, batch, moment())["neighbor_accuracy"]
    assert found.tolist() == [1, 1, 0, 0, 0, 1]
