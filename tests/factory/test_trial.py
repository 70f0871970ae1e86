import sys

import pytest
import torch

from saddle import plugin
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory import parts
from saddle.factory.parts import build_parts
from saddle.factory.trial import try_parts
from saddle.plugin import ENVIRONMENT

PARTS = '''
from dataclasses import dataclass

import torch
from torch import nn

from saddle.architecture import base, mlp
from saddle.augmentation.base import Augmentation
from saddle.game.adversarial import Adversarial
from saddle.loss.base import Loss
from saddle.loss.hinge import Hinge
from saddle.metric.base import Metric
from saddle.penalty.base import InputGradientPenalty, Term


class Sound(mlp.Discriminator):
    """Keeps every promise, and uses random numbers and buffers."""

    def __init__(self, image_size: int, channels: int):
        super().__init__(image_size, channels, hidden=(8,))
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, images):
        self.calls = self.calls + 1
        torch.rand(1)
        return super().forward(images)


class Column(Sound):
    def forward(self, images):
        return super().forward(images).unsqueeze(1)


class Raises(Sound):
    def forward(self, images):
        return self.head(images)


class Twice(Sound):
    def forward(self, images):
        super().forward(images)
        return super().forward(images)


class Narrow(Sound):
    features = 5

    def __init__(self, image_size: int, channels: int):
        super().__init__(image_size, channels)
        self.features = 5


class Headless(base.Discriminator):
    def __init__(self, image_size: int, channels: int):
        super().__init__()
        self.layer = nn.Linear(image_size**2, 1)

    def forward(self, images):
        return self.layer(images.flatten(1)).squeeze(1)


class Plain(nn.Module):
    pass


class Mixing(Sound):
    def __init__(self, image_size: int, channels: int):
        super().__init__(image_size, channels)
        self.norm = nn.BatchNorm1d(8)


class Wide(Sound):
    def __init__(self, image_size: int, channels: int, width=8):
        super().__init__(image_size, channels)
        self.layer = nn.Conv2d(channels, width, 1)


class Probable(Sound):
    def forward(self, images):
        return super().forward(images).unsqueeze(1).sigmoid().squeeze(1)


class Tall(mlp.Generator):
    def __init__(self, image_size: int, channels: int):
        super().__init__(image_size, channels, hidden=(8,))

    def forward(self, latent):
        return super().forward(latent).repeat(1, 1, 2, 1)


@dataclass(frozen=True)
class Mean(Loss):
    def discriminator(self, real, fake):
        return (fake - real).mean()

    def generator(self, fake, real=None):
        return -fake


@dataclass(frozen=True)
class Frozen(Hinge):
    def __post_init__(self):
        self.calls = 0


@dataclass(frozen=True)
class OwnHinge(Hinge):
    pass


@dataclass(frozen=True)
class Rows(Term):
    def discriminator(self, inputs):
        return inputs.logits["real"]


@dataclass(frozen=True)
class Unknown(Term):
    def generator(self, inputs):
        return inputs.logits["real"].sum()


@dataclass(frozen=True)
class Single(InputGradientPenalty):
    at = "real"

    def values(self, gradient):
        return gradient.square().mean()


class Shrinks(Augmentation):
    def forward(self, images, uniform):
        return images[:, :, 1:]


@dataclass(frozen=True)
class Stuck(Adversarial):
    def turns(self):
        first, second = super().turns()

        def loss(networks, batch, moment):
            return networks["oracle"]

        from dataclasses import replace
        return first, replace(second, loss=loss)


@dataclass(frozen=True)
class Divides(Metric):
    directions = {"divided": "smaller"}

    def measure(self, inputs):
        return {"divided": 1 / 0}


@dataclass(frozen=True)
class Other(Metric):
    directions = {"this": "smaller"}

    def measure(self, inputs):
        return {"that": 1.0}
'''

BASE = ("data=digits", "architecture=mlp", "data.batch_size=8")


@pytest.fixture(autouse=True)
def _plugin(tmp_path, monkeypatch):
    """The module `theirs` as a plugin."""
    (tmp_path / "theirs.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(ENVIRONMENT, "theirs")
    monkeypatch.setattr(plugin, "_trusted", None)
    plugin._loaded.cache_clear()
    yield
    plugin._loaded.cache_clear()
    sys.modules.pop("theirs", None)


def network(name: str, kind: str = "discriminator") -> list[str]:
    """Overrides by which one network is of this class, and has no other settings."""
    return [f"~architecture.{kind}", f"+architecture.{kind}._target_=theirs.{name}"]


def penalty(name: str) -> list[str]:
    return ["penalty=none", f"+penalty.{name}._target_=theirs.{name}", f"+penalty.{name}.weight=1.0"]


def metric(name: str) -> list[str]:
    return [f"+metric.{name}._target_=theirs.{name}"]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            network("Column"),
            "architecture.discriminator (theirs.Column): forward should return the shape (8,), got (8, 1)",
        ),
        (network("Raises"), "architecture.discriminator (theirs.Raises): a trial failed: RuntimeError: mat1 and mat2"),
        (network("Twice"), "forward should call the layer `head` once, with 8 features"),
        (network("Narrow"), "forward should call the layer `head` once, with 5 features"),
        (network("Headless"), "_target_=theirs.Headless: it lacks `head` (The last layer, which turns features"),
        (network("Plain"), "expected a Discriminator: derive it from saddle.architecture.base.Discriminator"),
        (
            network("Mixing"),
            "penalty=r1 with architecture.discriminator (theirs.Mixing: BatchNorm1d norm): batch norm mixes images",
        ),
        (
            [*network("Wide"), "+architecture.discriminator.width=abc"],
            "architecture.discriminator (theirs.Wide): it cannot be built: TypeError: not all arguments converted "
            "during string formatting (theirs.py, line",
        ),
        (
            network("Tall", "generator"),
            "architecture.generator (theirs.Tall): forward should return the shape (8, 1, 28, 28), got (8, 1, 56, 28)",
        ),
        (
            ["loss._target_=theirs.Frozen"],
            "loss (theirs.Frozen): it cannot be built: FrozenInstanceError: cannot assign to field 'calls' (theirs.py",
        ),
        (["loss._target_=theirs.Mean"], "loss (theirs.Mean): discriminator should return the shape (8,), got ()"),
        (penalty("Rows"), "penalty.Rows: expected a scalar in the turn discriminator, got the shape (8,)"),
        (
            penalty("Unknown"),
            "penalty.Unknown (theirs.Unknown): a trial of the turn generator failed: KeyError",
        ),
        (penalty("Single"), "penalty.Single (theirs.Single): values should return the shape (8,), got ()"),
        (
            ["+augmentation.Shrinks._target_=theirs.Shrinks"],
            "augmentation.Shrinks (theirs.Shrinks): forward should return the shape (8, 1, 28, 28), got (8, 1, 27",
        ),
        (
            ["game._target_=theirs.Stuck"],
            "game (theirs.Stuck): a trial of the turn generator failed: KeyError",
        ),
        (metric("Divides"), "metric.Divides: ZeroDivisionError: division by zero"),
        (metric("Other"), "metric.Other: Other gave that, which it does not declare"),
        (["loss._target_=theirs.Sound"], "loss._target_=theirs.Sound: expected a Loss"),
    ],
)
def test_a_broken_promise_is_one_sentence_that_names_the_setting(overrides, sentence):
    with pytest.raises(InputError) as refused:
        build_parts(compose([*BASE, *overrides]))
    assert sentence in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_the_line_of_somebody_elses_code_is_named():
    with pytest.raises(InputError, match=r"\(theirs\.py, line \d+\)$"):
        build_parts(compose([*BASE, *network("Raises")]))


def test_a_sound_part_is_left_as_it_was():
    built = build_parts(compose([*BASE, *network("Sound"), "loss._target_=theirs.OwnHinge"]))
    discriminator = built.networks["discriminator"]
    assert discriminator.calls == 0
    assert all(module.training for module in discriminator.modules())


@pytest.mark.parametrize(("name", "number"), [("Sound", 0), ("Probable", 1)])
def test_a_discriminator_that_gives_probabilities_is_warned_of(name, number):
    warnings = build_parts(compose([*BASE, *network(name)])).warnings
    assert len([warning for warning in warnings if "sigmoid" in warning]) == number


def test_the_trial_changes_no_random_number_of_training(monkeypatch):
    config = compose([*BASE, *network("Sound")])
    build_parts(config)
    with_trial = torch.rand(3)
    monkeypatch.setattr(parts, "try_parts", lambda *_: [])
    build_parts(config)
    assert torch.equal(torch.rand(3), with_trial)


def test_saddles_own_parts_are_not_tried():
    built = build_parts(compose([*BASE]))
    try_parts([compose([*BASE]).loss], built.game, {}, built.data)  # without networks a trial would fail
