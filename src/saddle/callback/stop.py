"""Stopping on a signal, between two iterations."""

import signal
from types import FrameType
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule, Trainer

from saddle.callback.paced import Patient

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopOnSignal(Patient):
    """Ctrl-C and SIGTERM end training after the current iteration, so that a whole checkpoint is kept.

    With several ranks all of them stop at the same iteration, whichever was told. A second Ctrl-C interrupts at once.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        """The number of the signal that ended training, or None."""
        self._before: dict[int, Any] = {}

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        noticed = self.signal is not None
        if trainer.world_size > 1:
            noticed = trainer.strategy.reduce_boolean_decision(noticed, all=False)
        if noticed:
            self.signal = self.signal or signal.SIGTERM
            trainer.fit_loop.min_epochs = trainer.fit_loop.epoch_loop.min_steps = None  # they would keep it going
            trainer.should_stop = True

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self._restore()  # before Lightning restores what it found itself

    def on_exception(self, trainer: Trainer, module: LightningModule, exception: BaseException) -> None:
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal == signal.SIGINT and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = number
