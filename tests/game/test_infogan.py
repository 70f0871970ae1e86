import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import softplus

from helpers import Points, fit, small_module
from saddle.architecture import base
from saddle.callback.game_metrics import game_metrics
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.game.infogan import InfoGAN
from saddle.game.turn import Moment
from saddle.layer.code import category_of, coded, values_of
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.penalty.latent_consistency import LatentConsistency
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2
from saddle.training.noise import fixed_noise

LATENT = torch.randn(6, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
REAL = torch.randn(6, 1, 2, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
GAME = InfoGAN(
    AdversarialObjective(NonSaturating()), categories=2, continuous=1, weights={"categorical": 0.7, "continuous": 0.3}
)


class Generator(base.Generator):
    """Five latent numbers, of which the last are a code of two categories and one number, to 2x2 images."""

    latent_dim, classes = 5, 0

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(5, 4)

    def forward(self, latent):
        return self.linear(coded(latent, 2, 1)).view(-1, 1, 2, 2)


class Discriminator(base.Discriminator):
    """One hidden layer of three."""

    classes = 0

    def __init__(self):
        super().__init__()
        self.body, self.last = nn.Linear(4, 3), nn.Linear(3, 1)

    @property
    def head(self):
        return self.last

    def forward(self, images):
        return self.head(self.body(images.flatten(1)).tanh()).squeeze(1)


def moment(shift: float = 1.0) -> Moment:
    noise = {"latent": LATENT, "latent_consistency": shift * LATENT.flip(0)}
    return Moment(0, 0, lambda purpose, shape: noise[purpose], lambda purpose, shape: torch.zeros(shape))


@pytest.fixture
def networks():
    torch.manual_seed(5)
    made = {"generator": Generator(), "discriminator": Discriminator(), "recognition": nn.Linear(3, 4)}
    return {name: network.double() for name, network in made.items()}


def by_hand(networks):
    """Generated images, and the terms of the code before weights, from softmax and density written out."""
    fake = networks["generator"](LATENT)
    told = networks["recognition"](networks["discriminator"].body(fake.flatten(1)).tanh())
    chosen = torch.stack([row[place] for row, place in zip(told[:, :2], LATENT[:, 2:4].argmax(1), strict=True)])
    categorical = told[:, :2].exp().sum(1).log() - chosen
    value = torch.erf(LATENT[:, 4] / math.sqrt(2))
    continuous = -Normal(told[:, 2], (told[:, 3] / 2).exp()).log_prob(value)
    return fake, categorical.mean(), continuous.mean()


def test_both_turns_pay_for_what_the_code_is_not_told(networks):
    fake, categorical, continuous = by_hand(networks)
    discriminator = networks["discriminator"]
    expected = {"categorical": 0.7 * categorical, "continuous": 0.3 * continuous}
    real_part = softplus(-discriminator(REAL)) + softplus(discriminator(fake))
    played = GAME.discriminator_loss(networks, {"image": REAL}, moment())
    for name, value in ({"adversarial": real_part.mean()} | expected).items():
        torch.testing.assert_close(played.terms[name], value, rtol=1e-12, atol=1e-12)
    assert played.observed.keys() == {"real", "fake"}
    fooled = GAME.generator_loss(networks, {"image": REAL}, moment())
    for name, value in ({"adversarial": softplus(-discriminator(fake)).mean()} | expected).items():
        torch.testing.assert_close(fooled.terms[name], value, rtol=1e-12, atol=1e-12)
    assert played.terms.keys() == fooled.terms.keys() == {"adversarial", "categorical", "continuous"}


def test_a_fixed_spread_is_that_of_a_gaussian_around_the_mean(networks):
    game = replace(GAME, std=0.5)
    told = torch.randn(6, 3, dtype=torch.float64)
    expected = -Normal(told[:, 2], 0.5).log_prob(values_of(LATENT, 1)[:, 0])
    torch.testing.assert_close(
        game.negative_log_likelihood(told, LATENT)["continuous"], expected, rtol=1e-12, atol=1e-12
    )
    assert (GAME.decides()["recognition"]["outputs"], game.decides()["recognition"]["outputs"]) == (4, 3)
    assert game.decides()["generator"] == {"categories": 2, "continuous": 1}


def test_ds_turn_trains_the_layers_that_q_shares_with_d_and_gs_turn_reaches_g(networks):
    terms = GAME.discriminator_loss(networks, {"image": REAL}, moment()).terms
    about_code = terms["categorical"] + terms["continuous"]
    about_code.backward()
    assert networks["discriminator"].body.weight.grad.abs().sum() > 0
    assert networks["recognition"].weight.grad.abs().sum() > 0
    assert networks["discriminator"].head.weight.grad is None
    assert networks["generator"].linear.weight.grad is None
    _, categorical, continuous = by_hand(networks)
    weight = networks["generator"].linear.weight
    (expected,) = torch.autograd.grad(0.7 * categorical + 0.3 * continuous, weight)
    terms = GAME.generator_loss(networks, {"image": REAL}, moment()).terms
    (found,) = torch.autograd.grad(terms["categorical"] + terms["continuous"], weight)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("turn", "changed"), [("discriminator", {"discriminator", "recognition"}), ("generator", {"generator"})]
)
def test_each_turn_changes_its_own_networks_alone(networks, turn, changed):
    turns = [each.name for each in GAME.turns()]
    assert turns == ["discriminator", "generator"]
    rates = {name: 0.1 if name == turn else 0.0 for name in turns}
    made = {name: lambda parameters, lr=rate: torch.optim.SGD(parameters, lr=lr) for name, rate in rates.items()}
    module = small_module(GAME, networks=networks, optimizers=made)
    before = {name: value.clone() for name, value in module.state_dict().items() if torch.is_tensor(value)}
    fit(module, Points(), 3)
    moved = {name.split(".")[0] for name, value in before.items() if not torch.equal(value, module.state_dict()[name])}
    assert moved == changed
    assert dict(module.clock.updates) == {"discriminator": 3, "generator": 3}


def test_without_weights_it_is_the_adversarial_game(networks):
    plain = Adversarial(AdversarialObjective(NonSaturating()))
    game = replace(GAME, weights={"categorical": 0.0, "continuous": 0.0})
    for turn in ("discriminator_loss", "generator_loss"):
        expected = getattr(plain, turn)(networks, {"image": REAL}, moment()).terms
        found = getattr(game, turn)(networks, {"image": REAL}, moment()).terms
        player = networks[turn.split("_")[0]]
        ours, theirs = (torch.autograd.grad(sum(t.values()), [*player.parameters()]) for t in (found, expected))
        assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_what_penalties_ask_of_d_is_not_taken_for_the_generated_images(networks):
    penalties = {"r1": R1(1.0), "r2": R2(1.0), "moved": LatentConsistency(1.0, deviation=5.0)}
    game = replace(
        GAME, objective=AdversarialObjective(Relativistic(), penalties)
    )  # in its turn G asks of real images last
    for turn in ("discriminator_loss", "generator_loss"):
        alone = getattr(GAME, turn)(networks, {"image": REAL}, moment()).terms
        beside = getattr(game, turn)(networks, {"image": REAL}, moment()).terms
        assert "moved" in beside
        for name in ("categorical", "continuous"):
            torch.testing.assert_close(beside[name], alone[name], rtol=1e-12, atol=1e-12)


class Shown(base.Generator):
    """2x2 images that are the code, one hot over two categories and a number, and the first of the noise."""

    latent_dim, classes = 5, 0

    def forward(self, latent, labels=None):
        code = coded(latent, 2, 1)
        return torch.stack([code[:, 2], code[:, 3], code[:, 4], code[:, 0]], 1).view(-1, 1, 2, 2)


class Looked(Discriminator):
    """Its features are the pixels."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(4, 1)

    def forward(self, images):
        return self.head(images.flatten(1)).squeeze(1)


def measuring(rows: int) -> tuple[dict, Moment]:
    noise = {
        name: fixed_noise(number, name, (rows, 5)).double()
        for number, name in enumerate(("latent", "codes", "columns"))
    }
    batch = {"image": torch.zeros(rows, 1, 2, 2, dtype=torch.float64)}
    return batch, Moment(0, 0, lambda purpose, shape: noise[purpose][: shape[0]], None)


def test_what_is_told_is_measured_in_nats():
    batch, given = measuring(4000)
    sure, spread = 40.0, 0.05

    class Told(nn.Module):
        def forward(self, features):
            wrong = torch.where(torch.arange(len(features)) % 2 == 0, spread, -spread)
            return torch.stack([sure * features[:, 0], sure * features[:, 1], features[:, 2] + wrong, wrong * 0], 1)

    networks = {"generator": Shown(), "discriminator": Looked().double(), "recognition": Told()}
    found = {name: float(values.mean()) for name, values in GAME.metrics(networks, batch, given).items()}
    assert found["information"] == pytest.approx(math.log(2), abs=1e-6)
    expected = math.log(2) - math.log(2 * math.pi * math.e * spread**2) / 2
    assert found["information_continuous"] == pytest.approx(expected, abs=1e-6)
    sure = 0.0  # and what is never told is no information
    found = GAME.metrics(networks, batch, given)
    assert found["information"].tolist() == pytest.approx([0.0] * 4000, abs=1e-9)


@torch.no_grad()
def test_metrics_of_a_batch_in_parts_are_of_so_many_images():
    networks = {"generator": Generator(), "discriminator": Discriminator(), "recognition": nn.Linear(3, 4)}
    game = replace(GAME, continuous=1)
    found = game_metrics(game, networks, {"image": torch.zeros(700, 1, 2, 2)}, seed=4)  # 500, then 200
    latent = fixed_noise(4, "figures latent", (700, 5))
    told = networks["recognition"](networks["discriminator"].body(networks["generator"](latent).flatten(1)).tanh())
    expected = math.log(2) - game.negative_log_likelihood(told, latent)["categorical"].mean()
    assert found["information"] == pytest.approx(float(expected), abs=1e-6)


def test_pictures_have_a_row_per_category_and_sweep_one_number():
    batch, given = measuring(10)
    found = GAME.pictures({"generator": Shown()}, batch, given)
    assert found.keys() == {"codes", "codes_1"}
    for rows in found.values():
        assert rows.shape == (2, 10, 1, 2, 2)
        assert torch.equal(rows[:, :, 0, 0].argmax(-1), torch.tensor([[0] * 10, [1] * 10]))
    sweep, noise = found["codes_1"][..., 0, 1, 0], found["codes_1"][..., 0, 1, 1]
    torch.testing.assert_close(sweep, torch.linspace(-1, 1, 10, dtype=torch.float64).expand(2, 10))
    assert noise.unique().numel() == 1
    assert found["codes"][0, :, 0, 1, 1].unique().numel() == 10
    assert torch.equal(found["codes"][0, :, 0, 1], found["codes"][1, :, 0, 1])
    alone = replace(GAME, categories=0).pictures({"generator": Shown()}, batch, given)
    assert alone.keys() == {"codes_1"}
    assert alone["codes_1"].shape == (10, 10, 1, 2, 2)
    assert alone["codes_1"][:, 0, 0, 1, 1].unique().numel() == 10


def test_each_number_is_swept_in_a_picture_of_its_own():
    class Both(Shown):
        """The last two of the latent, as codes, above the noise."""

        def forward(self, latent, labels=None):
            code = coded(latent, 0, 2)
            return torch.stack([code[:, 3], code[:, 4], code[:, 0], code[:, 1]], 1).view(-1, 1, 2, 2)

    found = replace(GAME, categories=0, continuous=2).pictures({"generator": Both()}, *measuring(10))
    assert found.keys() == {"codes_1", "codes_2"}
    sweep = torch.linspace(-1, 1, 10, dtype=torch.float64)
    for number, rows in enumerate(found.values()):
        torch.testing.assert_close(rows[3, :, 0, 0, number], sweep)
        assert rows[3, :, 0, 0, 1 - number].abs().max() == 0


def test_each_category_is_claimed_to_be_a_class_without_a_name():
    batch, given = measuring(30)
    generator = Shown()
    (claim,) = GAME.labeled_samples({"generator": generator}, batch, given).values()
    assert not claim.named
    assert torch.equal(claim.classes, category_of(given.noise("latent", (30,)), 2, 1))
    assert torch.equal(claim.images[:, 0, 0].argmax(1), claim.classes)
    generator.classes = 3
    assert GAME.labeled_samples({"generator": generator}, batch | {"label": torch.zeros(30).long()}, given) == {}


def test_what_makes_no_code_is_refused():
    with pytest.raises(ValueError, match="categories=0 and continuous=0 leave no code"):
        InfoGAN(AdversarialObjective(NonSaturating()), categories=0, continuous=0)
    with pytest.raises(ValueError, match=r"weights\.continuous is missing"):
        InfoGAN(AdversarialObjective(NonSaturating()), weights={"categorical": 1.0})
