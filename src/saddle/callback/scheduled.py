"""Callbacks that state when they are due, so that the iterations between can be played in blocks."""

from abc import ABC, abstractmethod

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Callback

from saddle.training.due import NEVER
from saddle.training.module import GameModule


class Scheduled(Callback, ABC):
    """A callback that acts after some iterations only.

    Its batch hooks are called once per block (`saddle.training.block`): at the latest after the iteration for which
    `next_due` asks, and with a list if the block has several batches. A callback without `next_due` gets each iteration
    and its batch by itself.
    """

    @abstractmethod
    def next_due(self, iteration: int, rows: int) -> int:
        """The first iteration after `iteration` after which it acts, at `rows` images in each iteration."""

    def is_due(self, module: GameModule) -> bool:
        """Whether it acts after the iteration just counted."""
        done = module.clock.iteration
        return self.next_due(done - 1, module.rows) == done


class Patient(Scheduled):
    """A callback that acts after each block, wherever it ends."""

    def next_due(self, iteration: int, rows: int) -> int:
        return NEVER
