"""In what two trainings differ after a turn: losses, gradients, weights, buffers, the game's state and averages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.game.turn import Turn
from saddle.training.module import GameModule

Kind = Literal["turn", "loss", "gradient", "weight", "buffer", "state", "average"]


@dataclass(frozen=True)
class Difference:
    """A reading of two trainings that is not the same to the bit.

    `turn` is None for averages, which follow an iteration. `name` is that of a term (loss), of a part of the game's
    state, or of a network (gradient, weight, buffer, average). `run` and `branch` are the value of a loss, or else the
    L2 norm of all numbers; None where there is no such reading. `relative` is the L2 norm of the difference in units of
    the run's, or None where only one of them has the reading.
    """

    turn: str | None
    kind: Kind
    name: str
    run: float | None
    branch: float | None
    relative: float | None


_KINDS = ("turn", "loss", "gradient", "weight", "buffer", "state", "average")

Readings = dict[tuple[Kind, str], Sequence[Tensor]]
"""Tensors by kind and name."""


def differences(turn: str | None, run: Readings, branch: Readings) -> list[Difference]:
    """The readings that are not equal to the bit, losses first; NaN equals NaN."""
    found: list[Difference] = []
    for kind, name in sorted({**run, **branch}, key=lambda reading: _KINDS.index(reading[0])):
        before, after = run.get((kind, name)), branch.get((kind, name))
        distance = None
        if before is not None and after is not None:
            if _equal(before, after):
                continue
            distance = _distance(before, after)
        found.append(Difference(turn, kind, name, _size(kind, before), _size(kind, after), distance))
    return found


def read_turn(module: GameModule, turn: Turn, as_norms: bool) -> Readings:
    """The readings of a turn just played.

    `as_norms` reads the norms of gradients before clipping, where the executor keeps no gradients.
    """
    readings: Readings = {}
    for name, term in module.played[turn.name].terms.items():
        readings["loss", name] = [term]
    for name in turn.trains:
        network = module.networks[name]
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        readings["gradient", name] = [module.gradient_norms[name]] if as_norms else gradients
    for name in turn.trains:
        readings["weight", name] = list(module.networks[name].parameters())
    for name, network in module.networks.items():
        readings |= _of_buffers("buffer", name, network)
    for name, part in module.state.named_children():
        readings |= _of_buffers("state", name, part)
    return readings


def read_averages(module: GameModule) -> Readings:
    """The averages of networks."""
    readings: Readings = {}
    if module.ema is not None:
        for name, average in module.ema.networks.items():
            readings["average", name] = [*average.parameters(), *average.buffers()]
    return readings


def _of_buffers(kind: Kind, name: str, module: nn.Module) -> Readings:
    buffers = list(module.buffers())
    return {(kind, name): buffers} if buffers else {}


def _equal(first: Sequence[Tensor], second: Sequence[Tensor]) -> bool:
    if len(first) != len(second):
        return False
    return all(_same_bits(one, other) for one, other in zip(first, second, strict=True))


def _same_bits(one: Tensor, other: Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return bool(((one == other) | (one.isnan() & other.isnan())).all())


def _size(kind: Kind, tensors: Sequence[Tensor] | None) -> float | None:
    """The value of a loss, or the norm of all numbers; None without tensors."""
    if tensors is None:
        return None
    if kind == "loss":
        return float(tensors[0])
    return _norm(tensors)


def _distance(first: Sequence[Tensor], second: Sequence[Tensor]) -> float | None:
    """The norm of the difference in units of the first norm; None if the shapes differ, or the first is 0."""
    if len(first) != len(second) or any(a.shape != b.shape for a, b in zip(first, second, strict=True)):
        return None
    size = _norm(first)
    changes = [a.detach().double() - b.detach().double() for a, b in zip(first, second, strict=True)]
    return _norm(changes) / size if size > 0 else None


def _norm(tensors: Sequence[Tensor]) -> float:
    norms = [tensor.detach().double().norm() for tensor in tensors]
    return float(torch.stack(norms).norm()) if norms else 0.0


@torch.no_grad()
def make_alike(run: GameModule, branch: GameModule) -> None:
    """Give the branch the run's weights, buffers and state, so that what it plays next differs by its own change alone.

    Tensors that are equal stay untouched: graphs that the next turn still needs may hold them. State of the branch's
    own stays, too.
    """
    for mine, theirs in _pairs(_tensors(branch), _tensors(run)):
        if mine.shape == theirs.shape and not _same_bits(mine, theirs):
            mine.data.copy_(theirs)


def _tensors(module: GameModule) -> Mapping[str, Tensor]:
    parts = nn.ModuleDict({**module.networks, "state": module.state})
    return {**dict(parts.named_parameters()), **dict(parts.named_buffers())}


def _pairs(first: Mapping[str, Tensor], second: Mapping[str, Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    for name in first:
        if name in second:
            yield first[name], second[name]
