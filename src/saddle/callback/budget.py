"""The end of a run after a number of CPU seconds of training."""

from typing import Any

import saddle.compat  # noqa: F401  isort: skip

from saddle.bound import Positive
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.scheduled import Patient
from saddle.callback.stop import end
from saddle.training.module import GameModule


class Budget(Patient):
    """Ends training with the block of iterations in which the clock reaches `cpu_seconds` (`saddle.training.clock`).

    A block takes at most half a second (`saddle.training.block`). Seconds before a resume count, as far as the
    iterations that took them are in the checkpoint.
    """

    def __init__(self, cpu_seconds: Positive) -> None:
        self.cpu_seconds = cpu_seconds

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        self._end_if_spent(trainer, module)  # a run may have been killed between its last iteration and its summary

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        self._end_if_spent(trainer, module)

    def iterations_left(self, module: GameModule) -> float:
        """How many more iterations the budget allows, at the mean CPU seconds of those so far."""
        spent = module.clock.cpu_seconds
        return (self.cpu_seconds - spent) * module.clock.iteration / max(spent, 1e-9)

    def _end_if_spent(self, trainer: GameTrainer, module: GameModule) -> None:
        if module.clock.cpu_seconds >= self.cpu_seconds:
            end(trainer)
