"""What a game is made of: turns, what they see, and what they give back."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from torch import Tensor, nn

from saddle.penalty.base import WeightConstraint

Networks = Mapping[str, nn.Module]
Batch = Mapping[str, Tensor]
"""`image` (N, C, H, W) in [-1, 1] and, where the data has them, `label` (N,) int64 and `source` (N, C, H, W)."""


@dataclass(frozen=True)
class Moment:
    """When a turn is played, and the randomness that belongs to that moment.

    `iteration` and `images` count what came before. `noise` and `uniform` take a purpose and a shape (N, ...), where
    N is the number of rows of this part of the batch; one purpose gives the same numbers in all turns of an iteration.
    """

    iteration: int
    images: int
    noise: Callable[[str, tuple[int, ...]], Tensor]
    """Standard normal numbers."""
    uniform: Callable[[str, tuple[int, ...]], Tensor]
    """Numbers in [0, 1)."""
    gather: Callable[[Tensor], Tensor] = lambda rows: rows
    """The rows of this part on all ranks, in the order of the global batch, with gradients: (N, ...) to (M, ...)."""
    scheduled: Callable[[Callable[[int], float]], float | Tensor] | None = None
    """What a function of the images seen before gives now; None: call it. A compiled graph is given a new number in
    each iteration, so what follows a schedule has to be asked for here."""
    once: Callable[[nn.Module, Callable[[], Tensor]], Tensor] = lambda network, make: make()
    """What a network makes of inputs that are the same in all turns of an iteration: it may have been made already."""

    def now(self, function: Callable[[int], float]) -> float | Tensor:
        """What a function of the images seen before the iteration gives: a factor on a schedule."""
        return function(self.images) if self.scheduled is None else self.scheduled(function)


@dataclass(frozen=True)
class Played:
    """What a turn's loss gives back: `terms`, weighted scalars whose sum is minimized, and detached `observed`."""

    terms: dict[str, Tensor]
    observed: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class LabeledSamples:
    """Images (N, C, H, W) in [-1, 1] and the class (N,) int64 that each is meant to show.

    Where classes are not `named` they are codes found without labels, each of which stands for a class of its own.
    """

    images: Tensor
    classes: Tensor
    named: bool = True


@dataclass(frozen=True)
class Turn:
    """One player's move: the `trains` networks minimize `loss` in every `every`-th iteration.

    `constraints` are applied to the trained networks after the step; then `after`, if there is one, is told what the
    loss observed in all parts on all ranks. It is where state changes.
    """

    name: str
    trains: tuple[str, ...]
    loss: Callable[[Networks, Batch, Moment], Played]
    every: int = 1
    constraints: Sequence[WeightConstraint] = ()
    after: Callable[[Mapping[str, Tensor]], None] | None = None

    def due(self, iteration: int) -> bool:
        """Whether the turn is played in `iteration` (from 0): the last of each `every` iterations."""
        return (iteration + 1) % self.every == 0


def given(network: nn.Module, batch: Batch, copies: int = 1) -> Callable[[Tensor], Tensor]:
    """`network` as a function of its input alone: where it is conditional (`classes` > 0), with the batch's labels.

    An input of several `copies` of the batch has the labels as often.
    """
    return partial(network, labels=batch["label"].repeat(copies)) if network.classes else network


def input_of(layer: nn.Module, call: Callable[[], Tensor]) -> Tensor:
    """What `layer` is given while `call` runs: the features before it."""
    seen: list[Tensor] = []
    watch = layer.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    try:
        call()
    finally:
        watch.remove()
    return seen[-1]


def check_weights(weights: Mapping[str, float], terms: tuple[str, ...]) -> None:
    """Raise ValueError unless there is a weight for each of the `terms` and for nothing else."""
    for name in weights:
        if name not in terms:
            raise ValueError(f"weights.{name}: there is no such term; the terms are {', '.join(terms)}")
    for name in terms:
        if name not in weights:
            raise ValueError(f"weights.{name} is missing: it has no default")


class Game(ABC):
    """A paper's algorithm: the networks it needs and its turns, in order."""

    needs: tuple[str, ...]
    """Names of the networks."""

    averaged: tuple[str, ...] = ("generator",)
    """Those that samples, metrics and tools use, and of which an average is kept."""

    reads: Literal["latent", "source"] = "latent"
    """What its generator is given: a latent (N, latent_dim), or images of a source domain."""

    plays: tuple[type, ...] = ()
    """The kinds of penalty that it can play."""

    packs: bool = False
    """Whether its discriminator may judge several images together (`packing`)."""

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings of networks that are no choice in this game, by network and setting."""
        return {}

    def state(self) -> Mapping[str, nn.Module]:
        """Modules whose buffers outlive an iteration, by name: saved, moved and restored with the networks."""
        return {}

    @abstractmethod
    def turns(self) -> tuple[Turn, ...]:
        """The turns of one iteration in the order of play; at least one has `every` 1."""

    measures: tuple[str, ...] = ()
    """Names of all that `metrics` and `labeled_samples` may give."""

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """What the game is measured by: values per image (N,) on held-out images, by name; their means are logged."""
        return {}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """What the game is for, to look at: images (rows, columns, C, H, W) in [-1, 1], by name."""
        return {}

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """Images that are meant to show a class; what a classifier reads in them is compared with it."""
        return {}
