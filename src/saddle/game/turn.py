"""The parts of a game: turns, the moment in which they are played, and their results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from saddle.bound import ImageSize
from saddle.metric.base import Direction
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
    """How to evaluate a schedule; None: call it. A compiled graph reads the value as a tensor, new in each iteration,
    so a loss takes it from `scheduled_value`."""
    cached: Callable[[nn.Module, Callable[[], Tensor]], Tensor] = lambda network, compute: compute()
    """The output of a network for inputs that are the same in all turns of an iteration: the result of `compute`, or
    the result of an earlier turn."""

    def scheduled_value(self, function: Callable[[int], float]) -> float | Tensor:
        """The value of a schedule, a function of the images seen before the iteration."""
        return function(self.images) if self.scheduled is None else self.scheduled(function)


@dataclass(frozen=True)
class DataSizes:
    """Sizes of the data, handed to a game whose constructor has a parameter `sizes`."""

    channels: int
    """Of the images; 0 for points."""
    image_size: ImageSize | None
    """Of the images in pixels; None for points."""
    classes: int
    """Of the labels; 0: the data has none."""


@dataclass(frozen=True)
class Played:
    """The result of a turn's loss: `terms`, weighted scalars whose sum is minimized, and detached `observed`."""

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

    `constraints` are applied to the trained networks after the step. Then `after`, if there is one, gets what the loss
    observed in all parts on all ranks; state changes only there.
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


def check_weights(weights: Mapping[str, float], terms: tuple[str, ...]) -> None:
    """Raise ValueError unless there is a weight for each of the `terms` and for nothing else."""
    for name in weights:
        if name not in terms:
            raise ValueError(f"weights.{name}: there is no such term; the terms are {', '.join(terms)}")
    for name in terms:
        if name not in weights:
            raise ValueError(f"weights.{name} is missing: it has no default")


class Game(ABC):
    """A paper's algorithm: the networks it needs and its turns, in order.

    A constructor may have a parameter `objective` (`saddle.game.adversarial_objective.AdversarialObjective`: the
    config's loss, penalties and augmentations) and a parameter `sizes` (`DataSizes`). Both are handed over when the
    game is built and are no settings of the game. A game without `objective` uses no loss, penalty or augmentation.
    """

    needs: tuple[str, ...]
    """Names of the networks."""

    averaged: tuple[str, ...] = ("generator",)
    """Networks of which an average is kept, for samples, metrics and tools."""

    reads: Literal["latent", "source"] = "latent"
    """The input of its generator: a latent (N, latent_dim), or images of a source domain."""

    plays: tuple[type, ...] = ()
    """The kinds of penalty that it can play."""

    labels_by_default: bool = False
    """Whether architecture.conditional=auto gives labels to the networks, where the data has some."""

    packs: bool = False
    """Whether its discriminator may read several images as one input (`packing`)."""

    def decides(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings of networks that this game fixes, by network and setting."""
        return {}

    def state(self) -> Mapping[str, nn.Module]:
        """Modules whose buffers outlive an iteration, by name: saved, moved and restored with the networks."""
        return {}

    def period(self) -> int | None:
        """After how many iterations the same turns, penalties and terms are due again; None if the game does not say.

        The losses of iterations i and i + period must be the same function of networks, batch, noise and schedules.
        training.executor=compiled plays both by one graph, and refuses a game that does not say.
        """
        return None

    @abstractmethod
    def turns(self) -> tuple[Turn, ...]:
        """The turns of one iteration in the order of play; at least one has `every` 1."""

    measures: ClassVar[Mapping[str, Direction]] = {}
    """Names of all that `metrics` and `labeled_samples` may give, each with the direction that is better."""

    def metrics(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """Values per image (N,) on held-out images, by name; their means are logged."""
        return {}

    def pictures(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, Tensor]:
        """Pictures that show what the game is for: images (rows, columns, C, H, W) in [-1, 1], by name."""
        return {}

    def labeled_samples(self, networks: Networks, batch: Batch, moment: Moment) -> Mapping[str, LabeledSamples]:
        """Images that are meant to show a class, by name; a classifier's answer is compared with that class."""
        return {}
