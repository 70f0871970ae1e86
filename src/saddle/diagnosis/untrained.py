"""What an untrained network of a run's settings shows already: there the code is at fault, and no training mends it.

The remedy is a class of saddle's own, where the run's class derives from one that is better in the same place.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from saddle.architecture.base import Generator, Network
from saddle.diagnosis.case import Case, logits_of
from saddle.diagnosis.of_weights import dead_share
from saddle.run.finished import FinishedRun
from saddle.run.isolated import isolated
from saddle.run.record import build_recorded

_LATENTS = 64
_STEP = 0.01  # by which each latent is changed, in its standard deviations
_HARDLY = 0.2  # of the change of images that the same step makes in saddle's own generator
_MOSTLY_DEAD = 0.5


def reading_generator(run: FinishedRun) -> str | None:
    """The class of saddle's that the run's generator derives from, if that one alone reads its latent untrained.

    Classes are dotted names. None where the run's generator is saddle's own or derives from none, too.
    """
    node = run.record["architecture"].get("generator")
    name = None if node is None or run.reads != "latent" else _parent(run.generator)
    if name is None:
        return None
    own, theirs = _change(node), _change(node | {"_target_": name})
    return name if own < _HARDLY * theirs else None


def living_generator(run: FinishedRun) -> str | None:
    """The same of a generator most of whose units behind ReLU are dead untrained, and not those of saddle's."""

    def share(generator: nn.Module) -> float | None:
        assert isinstance(generator, Generator)
        return dead_share(generator, lambda: _images(generator, 0.0))

    return _living(run, "generator", share)


def living_discriminator(run: FinishedRun) -> str | None:
    """The same of a discriminator, on training images."""
    case = Case(run)

    def share(discriminator: nn.Module) -> float | None:
        return dead_share(discriminator, lambda: logits_of(discriminator, case.inputs(case.real), case.labels))

    return _living(run, "discriminator", share)


def _living(run: FinishedRun, network: str, share: Callable[[nn.Module], float | None]) -> str | None:
    node = run.record["architecture"].get(network)
    built = run.trained_network(network)
    name = None if built is None else _parent(built)
    if name is None:
        return None
    own, theirs = (share(_built(network, values)) or 0.0 for values in (node, node | {"_target_": name}))
    return name if own > _MOSTLY_DEAD > theirs else None


def _parent(network: nn.Module) -> str | None:
    """The nearest class of saddle's that a stranger's network derives from and that can be built, as a dotted name."""
    if type(network).__module__.startswith("saddle."):
        return None
    for parent in type(network).__mro__[1:]:
        is_whole = issubclass(parent, Network) and not inspect.isabstract(parent)
        if is_whole and parent.__module__.startswith("saddle.architecture."):
            return f"{parent.__module__}.{parent.__qualname__}"
    return None


@isolated()
def _built(network: str, node: dict[str, Any]) -> nn.Module:
    """An untrained network, in evaluation mode."""
    torch.manual_seed(0)
    built: nn.Module = build_recorded(f"architecture.{network}", node, nn.Module)
    return built.eval()


@isolated()
def _change(node: dict[str, Any]) -> float:
    """How far an image of an untrained generator moves for a small step of its latent: the median length."""
    generator = _built("generator", node)
    assert isinstance(generator, Generator)
    moved = _images(generator, _STEP) - _images(generator, 0.0)
    return float(moved.flatten(1).norm(dim=1).median())


@isolated()
def _images(generator: Generator, step: float) -> Tensor:
    """Images of the same latents each time, moved by `step` in directions that are the same, too."""
    torch.manual_seed(1)
    latent, direction = torch.randn(2, _LATENTS, generator.latent_dim)
    inputs = latent + step * direction
    if not generator.classes:
        return generator(inputs)
    return generator(inputs, torch.arange(_LATENTS) % generator.classes)
