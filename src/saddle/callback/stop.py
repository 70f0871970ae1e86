"""Stopping on a signal, between two iterations."""

import os
import signal
from types import FrameType
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch

from saddle.callback.hook import GameTrainer, hook
from saddle.callback.scheduled import Patient
from saddle.interrupt import interrupt, listen
from saddle.rank import is_first
from saddle.training.module import GameModule


class StopOnSignal(Patient):
    """A signal (`saddle.interrupt.SIGNALS`) ends training after the current iteration, so that a checkpoint is kept.

    With several ranks all of them stop at the same iteration, whichever received the signal. A second Ctrl-C raises
    Interrupted as soon as no file is half written (`saddle.interrupt.whole`), as does any signal before the first
    iteration and after the last, when there is nothing to save. A second signal of another kind is ignored: a launcher
    and its process group may each send one.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        """The number of the signal that ended training, or None."""
        self._iterating = False

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        listen(self._receive)  # replaces Lightning's handlers; Lightning restores the ones before them

    @hook
    def on_train_batch_start(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        self._iterating = True

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        number = self.signal or 0
        if trainer.world_size > 1:
            numbers = trainer.strategy.reduce(torch.tensor(number, device=module.device), reduce_op="max")
            number = int(numbers)
        if number:
            self.signal = number
            end(trainer)

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        self._iterating = False

    def _receive(self, number: int, frame: FrameType | None) -> None:
        again = self.signal is not None
        if again and number != signal.SIGINT:
            return
        self.signal = self.signal or number
        if again or not self._iterating:
            interrupt(self.signal)
        elif number == signal.SIGINT and is_first():
            # not print, which the signal may have interrupted
            os.write(2, b"\nstopping after this iteration; press Ctrl-C again to stop at once\n")


def stopped(trainer: GameTrainer) -> bool:
    """Whether a signal has ended training."""
    return any(isinstance(callback, StopOnSignal) and callback.signal is not None for callback in trainer.callbacks)


def end(trainer: GameTrainer) -> None:
    """End training after the current iteration, whatever minimum length is set."""
    trainer.fit_loop.min_epochs = trainer.fit_loop.epoch_loop.min_steps = None
    trainer.should_stop = True
