"""Stopping on a signal, between two iterations."""

import os
import signal
from types import FrameType
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer

from saddle.callback.scheduled import Patient
from saddle.interrupt import Interrupted, listen
from saddle.rank import is_first


class StopOnSignal(Patient):
    """A signal (`saddle.interrupt.SIGNALS`) ends training after the current iteration, so that a checkpoint is kept.

    With several ranks all of them stop at the same iteration, whichever was told. A second Ctrl-C raises Interrupted at
    once, as does any signal before the first iteration and after the last, when there is nothing more to save; other
    signals may come twice, from a launcher and to its group.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        """The number of the signal that ended training, or None."""
        self._iterating = False

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        listen(self._hear)  # in place of Lightning's handlers; it puts back those that it found

    def on_train_batch_start(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        self._iterating = True

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        number = self.signal or 0
        if trainer.world_size > 1:
            number = int(trainer.strategy.reduce(torch.tensor(number, device=module.device), reduce_op="max"))
        if number:
            self.signal = number
            end(trainer)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self._iterating = False

    def _hear(self, number: int, frame: FrameType | None) -> None:
        again = self.signal is not None
        if again and number != signal.SIGINT:
            return
        self.signal = self.signal or number
        if again or not self._iterating:
            raise Interrupted(self.signal)
        if number == signal.SIGINT and is_first():
            os.write(2, b"\nstopping after this iteration; Ctrl-C again: at once\n")  # print may be in the middle of it


def stopped(trainer: Trainer) -> bool:
    """Whether a signal has ended training."""
    return any(isinstance(callback, StopOnSignal) and callback.signal is not None for callback in trainer.callbacks)


def end(trainer: Trainer) -> None:
    """End training after the iteration in play, whatever is set as its least length."""
    trainer.fit_loop.min_epochs = trainer.fit_loop.epoch_loop.min_steps = None
    trainer.should_stop = True
