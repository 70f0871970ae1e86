"""Callbacks that act whenever they are due, and once more at the end of training."""

from abc import abstractmethod
from typing import Any

import saddle.compat  # noqa: F401  isort: skip

from saddle.callback.hook import GameTrainer, hook
from saddle.callback.scheduled import Scheduled
from saddle.callback.stop import stopped
from saddle.training.module import GameModule


class AlsoAtEnd(Scheduled):
    """A callback that acts at the end of training, too, unless it has acted after the last iteration already."""

    acts_when_stopped = True
    """Whether it acts at the end of a run that a signal stopped, too: a person who stops it is waiting."""
    acted: int | None = None
    """The iteration after which it last acted, which `act` notes."""

    @abstractmethod
    def act(self, trainer: GameTrainer, module: GameModule) -> None:
        """Act after the iteration just counted."""

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        if self.is_due(module):
            self.act(trainer, module)

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        if self.acted == module.clock.iteration:
            return
        if self.acts_when_stopped or not stopped(trainer):
            self.act(trainer, module)
