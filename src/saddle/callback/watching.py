"""Callbacks that watch a published value by its name, such as Lightning's EarlyStopping and ModelCheckpoint."""

from collections.abc import Container, Iterable

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Callback, EarlyStopping

from saddle.callback.hook import GameTrainer
from saddle.metric.base import PREFIX
from saddle.training.module import GameModule

HEALTH = "health/"
"""The beginning of the names of the readings of `saddle.callback.health`."""

_MEASURED = (PREFIX, HEALTH)
_AT_EPOCH_END = ("_check_on_train_epoch_end", "_save_on_train_epoch_end")  # of the two callbacks; None: unless chosen


def watched(callback: Callback) -> str | None:
    """The name of the value that a callback watches; None if it watches none."""
    name = getattr(callback, "monitor", None)
    return name if isinstance(name, str) else None


def make_patient(callbacks: Iterable[Callback]) -> None:
    """Let callbacks of Lightning's wait for values that are not published yet, and judge each of them once.

    EarlyStopping ends a run with an error if its value is missing at the end of an epoch. Both callbacks judge at the
    end of every epoch unless they were told otherwise. What is measured now and then (metric/..., health/...) would be
    judged again and again there, and by then the networks have changed. So it is judged when it is measured, by the
    hook `on_validation_end`.
    """
    for callback in callbacks:
        if isinstance(callback, EarlyStopping):
            callback.strict = False
        if (watched(callback) or "").startswith(_MEASURED):
            for choice in _AT_EPOCH_END:
                if getattr(callback, choice, False) is None:
                    setattr(callback, choice, False)


def let_judge(trainer: GameTrainer, module: GameModule, names: Container[str]) -> None:
    """Call `on_validation_end` of each callback that watches one of these values, which have just been published.

    There is no validation loop in saddle: its measurements stand for it. Called on all ranks.
    """
    for callback in trainer.callbacks:
        name = watched(callback)
        if name is not None and name in names and not trainer.fast_dev_run:
            callback.on_validation_end(trainer, module)
