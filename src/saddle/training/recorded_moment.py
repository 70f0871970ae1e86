"""Moments for tracing: a recorder notes the requests of turns, a replay answers them with tensors of the graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from saddle.game.turn import Moment
from saddle.training.executor import Player

Draw = tuple[str, str, tuple[int, ...]]
"""Kind, purpose and shape of noise."""


@dataclass
class MomentRecorder:
    """Makes moments that note, in `draws` and `scheduled`, which noise and scheduled values turns request."""

    player: Player
    draws: list[Draw]
    scheduled: list[Callable[[int], float]]

    def moment(self) -> Moment:
        """The current iteration, with real noise."""
        clock = self.player.clock
        normal, uniform = partial(self._draw, "normal"), partial(self._draw, "uniform")
        return Moment(clock.iteration, clock.images, normal, uniform, scheduled=self._value)

    def _draw(self, kind: str, purpose: str, shape: tuple[int, ...]) -> Tensor:
        draw = (kind, purpose, tuple(shape))
        if draw not in self.draws:
            self.draws.append(draw)
        return self.player.noise.draw(*draw, 0, next(self.player.parameters()))

    def _value(self, function: Callable[[int], float]) -> float:
        self.scheduled.append(function)
        return function(self.player.clock.images)


@dataclass
class MomentReplay:
    """Makes moments that answer recorded requests: `noise` by draw, scheduled values by `numbers` in recorded order."""

    player: Player
    noise: Mapping[Draw, Tensor]
    numbers: Tensor

    def __post_init__(self) -> None:
        self._remaining = iter(self.numbers.unbind()) if len(self.numbers) else iter(())

    def moment(self) -> Moment:
        """The current iteration; all moments of a replay share one sequence of numbers."""
        clock = self.player.clock
        normal, uniform = partial(self._draw, "normal"), partial(self._draw, "uniform")
        return Moment(clock.iteration, clock.images, normal, uniform, scheduled=lambda _: next(self._remaining))

    def _draw(self, kind: str, purpose: str, shape: tuple[int, ...]) -> Tensor:
        return self.noise[kind, purpose, tuple(shape)]
