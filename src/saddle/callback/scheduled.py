"""Callbacks that know when they are due, so that iterations may be played in blocks between."""

from abc import ABC, abstractmethod

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Callback

from saddle.training.due import NEVER
from saddle.training.module import GameModule


class Scheduled(Callback, ABC):
    """A callback that has something to do after some iterations only."""

    @abstractmethod
    def next_due(self, iteration: int, rows: int) -> int:
        """The first iteration after `iteration` after which it is due, at `rows` images in each."""

    def is_due(self, module: GameModule) -> bool:
        """Whether it is due after the iteration just counted."""
        done = module.clock.iteration
        return self.next_due(done - 1, module.rows) == done


class Patient(Scheduled):
    """A callback that looks in after a block, wherever that ends."""

    def next_due(self, iteration: int, rows: int) -> int:
        return NEVER
