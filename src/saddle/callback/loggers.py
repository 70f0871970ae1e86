"""Values for every logger."""

import saddle.compat  # noqa: F401  isort: skip

from saddle.callback.hook import GameTrainer
from saddle.interrupt import whole


def log_values(trainer: GameTrainer, iteration: int, values: dict[str, float]) -> None:
    """Give the values of an iteration to every logger. A second Ctrl-C waits for it."""
    with whole():
        for logger in trainer.loggers:
            logger.log_metrics(values, step=iteration)
