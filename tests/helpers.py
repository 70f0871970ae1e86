"""What several test files use: runs of train.py, small games, gradients by hand."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lightning
import pytest
import torch
from torch import Tensor, nn

import prepared
from saddle.architecture import base
from saddle.config.compose import compose
from saddle.data.module import ImageData
from saddle.factory.metrics import build_metrics
from saddle.layer.labeled import LabelEmbedding
from saddle.metric.measure import Metrics
from saddle.penalty.base import TermInputs
from saddle.schedule import Schedule
from saddle.training.data_module import GameDataModule
from saddle.training.eager import Eager
from saddle.training.module import GameModule

REPOSITORY = Path(__file__).resolve().parents[1]
SMALL = ["data=digits", "architecture=mlp", "data.batch_size=100", "trainer.log_every_n_steps=5"]
SMALL += ["callback.quality.num=100"]

NOT_REPEATED = {"cpu_seconds"}
"""Entries of checkpoints that differ in equal runs."""

LOGITS = [-100.0, -3.0, -0.5, 0.0, 0.5, 3.0, 100.0]


def gradients(function, logits: list[float]) -> tuple[list[float], list[float]]:
    """Values and derivatives of a per-sample function at `logits`, in float64."""
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    values = function(x)
    assert values.shape == x.shape
    values.sum().backward()
    return values.tolist(), x.grad.tolist()


def command(*arguments: str, cwd: Path = REPOSITORY, **environment: str | None) -> subprocess.CompletedProcess:
    """Run Python with `arguments` from `cwd`; `environment` is added to this one, None takes a variable away."""
    env = _with(environment)
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False
    )


def _with(environment: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**os.environ, **environment}.items() if value is not None}


def train(*overrides: str, cwd: Path = REPOSITORY, **environment: str | None) -> subprocess.CompletedProcess:
    """What train.py says, in a process that begins with everything loaded (`prepared`)."""
    return prepared.run(REPOSITORY / "train.py", overrides, cwd, _with(environment))


def train_afresh(*overrides: str, cwd: Path = REPOSITORY, **environment: str | None) -> subprocess.CompletedProcess:
    """Run train.py as users do."""
    return command(str(REPOSITORY / "train.py"), *overrides, cwd=cwd, **environment)


def trained(folder: Path, *overrides: str, run: Callable[..., subprocess.CompletedProcess] = train) -> dict:
    """Train a small run in `folder` and return its last checkpoint."""
    result = run(*SMALL, f"hydra.run.dir={folder}", *overrides)
    assert result.returncode == 0, result.stderr
    return checkpoint(folder)


def checkpoint(folder: Path) -> dict:
    """The last checkpoint of a run."""
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)


def differences(first, second, path: str = "") -> list[str]:
    """Where two nested values are not bitwise equal."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return [] if torch.equal(first, second) else [path]
    if isinstance(first, dict) and isinstance(second, dict):
        if first.keys() != second.keys():
            return [f"{path}: keys {set(first) ^ set(second)}"]
        keys = first.keys() - NOT_REPEATED
        return [line for key in keys for line in differences(first[key], second[key], f"{path}.{key}")]
    if isinstance(first, list | tuple) and isinstance(second, list | tuple) and len(first) == len(second):
        return [
            line for i, pair in enumerate(zip(first, second, strict=True)) for line in differences(*pair, f"{path}.{i}")
        ]
    return [] if first == second else [f"{path}: {first} != {second}"]


def check_labels_matter(generator: nn.Module, discriminator: nn.Module) -> None:
    """Two conditional networks for three classes: labels change what they give, and only labels in use are trained."""
    latent, ones, zeros = torch.randn(6, generator.latent_dim), torch.ones(6).long(), torch.zeros(6).long()
    assert (generator.classes, discriminator.classes) == (3, 3)
    images = generator.eval()(latent, ones)  # in training, batch norm takes away what is equal in all rows
    assert not torch.equal(images, generator(latent, zeros))
    logits = discriminator.eval()(images, ones)
    assert logits.shape == (6,)
    assert not torch.equal(logits, discriminator(images, zeros))
    logits.square().sum().backward()
    for network in (generator, discriminator):
        tables = [module for module in network.modules() if isinstance(module, nn.Embedding)]
        assert tables
        for table in tables:
            gradient = next(table.parameters()).grad  # of the weight itself, also where it is spectrally normalized
            assert gradient[1].abs().sum() > 0
            assert hasattr(table, "parametrizations") or gradient[[0, 2]].abs().sum() == 0


def check_head(made: Callable[[bool], nn.Module], features: int) -> None:
    """`made(head_bias)` is a discriminator of 8x8 gray images, for three classes if conditional.

    A pre-hook on its head sees the features, the logits follow from them, and the bias is there only if asked for.
    """
    for bias in (True, False):
        network = made(bias).eval()
        labels = torch.tensor([0, 2, 1, 1]) if network.classes else None
        seen = []
        with network.head.register_forward_pre_hook(lambda layer, given, seen=seen: seen.append(given[0])):
            logits = network(torch.randn(4, 1, 8, 8), labels)
        (captured,) = seen
        assert captured.shape == (4, network.features) == (4, features)
        assert captured.requires_grad
        arguments = (captured, labels) if network.classes else (captured,)
        torch.testing.assert_close(network.head(*arguments).squeeze(1), logits)
        zero = torch.zeros_like(captured)
        linear = network.head.linear if network.classes else network.head
        assert (linear.bias is not None) == bias
        if bias:
            nn.init.constant_(linear.bias, 3.0)
        assert network.head(zero, *arguments[1:]).flatten().tolist() == [3.0 if bias else 0.0] * 4


def check_minibatch_stddev(network: nn.Module, group_size: int) -> None:
    """A discriminator of 8x8 gray images tells an image among equal ones from the same image among others."""
    network.eval()
    images, labels = torch.randn(2 * group_size, 1, 8, 8), torch.zeros(2 * group_size).long()
    given = (labels,) if network.classes else ()
    mixed = network(images, *given)
    alike = network(images[:1].expand_as(images), *given)
    assert (mixed[0] - alike[0]).abs() > 1e-6
    changed = images.clone()
    changed[1::2] = torch.randn(group_size, 1, 8, 8)  # the other group of the two
    again = network(changed, *given)
    torch.testing.assert_close(again[0::2], mixed[0::2])
    assert (again[1::2] - mixed[1::2]).abs().min() > 1e-6


def check_spectral(network: nn.Module, arguments: tuple[Tensor, ...], weights: int) -> None:
    """After some forward passes in training each of `weights` weight matrices has the largest singular value 1.

    The vectors of labels that join an input are no weights of a map of that input, and stay as they are.
    """
    joined = [module.vectors for module in network.modules() if isinstance(module, LabelEmbedding)]
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.Embedding)
    layers = [m for m in network.modules() if isinstance(m, kinds) and not any(m is other for other in joined)]
    assert len(layers) == weights
    if network.classes:
        arguments = (*arguments, torch.arange(len(arguments[0])) % network.classes)
    with torch.no_grad():
        for layer in layers:
            layer.parametrizations.weight.original.normal_()
        for _ in range(200):
            network(*arguments)
    network.eval()
    for layer in layers:
        rows = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
        assert torch.linalg.matrix_norm(rows.flatten(1), 2).item() == pytest.approx(1.0, abs=0.01), layer


@cache
def default_metrics() -> Metrics:
    """What training measures unless the config says otherwise."""
    return build_metrics(compose([]).metric)


class Points(ImageData):
    """`count` random 2x2 images, the same ones each time."""

    def __init__(self, count: int = 60, batch_size: int = 8, accumulate: int = 1) -> None:
        super().__init__(2, 1, 10, batch_size, 0, accumulate)
        self.count = self.size = count

    def load(self) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(1)
        images = torch.randint(0, 256, (self.count, 1, 2, 2), generator=generator, dtype=torch.uint8)
        return images, torch.arange(self.count) % 10


class SmallGenerator(base.Generator):
    """Three latent numbers to 2x2 images by one linear layer."""

    latent_dim = 3

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)

    def forward(self, latent: Tensor) -> Tensor:
        return self.linear(latent).view(-1, 1, 2, 2)


class SmallDiscriminator(base.Discriminator):
    """2x2 images to logits by one linear layer, squared where `curved` (so that input gradients vary)."""

    features = 4

    def __init__(self, curved: bool = False) -> None:
        super().__init__()
        self.linear, self.curved = nn.Linear(4, 1), curved

    @property
    def head(self) -> nn.Module:
        return self.linear

    def forward(self, images: Tensor) -> Tensor:
        logits = self.linear(images.flatten(1)).squeeze(1)
        return logits + logits.square() if self.curved else logits


def small_module(game, accumulate: int = 1, batch_size: int = 8, **changes) -> GameModule:
    """A module of two linear layers in float64 with SGD."""
    torch.manual_seed(7)
    turns = [turn.name for turn in game.turns()]
    settings = {
        "networks": {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(curved=True)},
        "optimizers": dict.fromkeys(turns, lambda parameters: torch.optim.SGD(parameters, lr=0.1)),
        "schedules": dict.fromkeys(turns, Schedule()),
        "clip_norm": dict.fromkeys(turns),
        "rows": accumulate * batch_size,
        "seed": 0,
        "make_executor": Eager,
        "accumulate": accumulate,
    }
    return GameModule(game, **{**settings, **changes})


def fit(
    module: GameModule, data: ImageData, steps: int, callbacks=(), ckpt_path=None, block: int = 1, **flags
) -> lightning.Trainer:
    """Train `module` on the CPU in float64, from the checkpoint at `ckpt_path` on, and return the trainer."""
    settings = {
        "max_steps": steps,
        "max_epochs": -1,
        "accelerator": "cpu",
        "devices": 1,
        "precision": "64-true",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "use_distributed_sampler": False,
    }
    trainer = lightning.Trainer(**{**settings, **flags}, callbacks=list(callbacks))
    trainer.fit(module, datamodule=GameDataModule(data, block), ckpt_path=ckpt_path, weights_only=True)
    return trainer


@dataclass
class Fixed:
    """Randomness whose numbers are given; what is gathered is what there is."""

    numbers: Tensor | None = None

    def noise(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        assert tuple(self.numbers.shape) == tuple(shape)
        return self.numbers

    uniform = noise

    def gather(self, rows: Tensor) -> Tensor:
        return rows


def term_inputs(**given) -> TermInputs:
    """Inputs of a term, of what is given; the rest is None."""
    return TermInputs(**{**dict.fromkeys(TermInputs.__dataclass_fields__), "randomness": Fixed(), **given})


def finite_differences(function, point: Tensor, step: float = 1e-6) -> Tensor:
    """The gradient of a scalar function at `point`, float64, by central differences."""
    found = torch.zeros_like(point).flatten()
    for index in range(point.numel()):
        shift = torch.zeros(point.numel(), dtype=point.dtype)
        shift[index] = step
        shift = shift.view_as(point)
        found[index] = (function(point + shift) - function(point - shift)) / (2 * step)
    return found.view_as(point)
