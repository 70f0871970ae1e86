"""What a callback has measured or drawn, given to every logger and to the other callbacks."""

from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
from torch import Tensor

from saddle.callback.curves import Curves, announce
from saddle.callback.hook import GameTrainer
from saddle.callback.loggers import log_values
from saddle.logger.show import show_picture, show_text
from saddle.picture.png import write_png


def publish(trainer: GameTrainer, iteration: int, values: dict[str, float]) -> dict[str, float]:
    """Give what the first rank has measured to every logger, to the curves of that iteration, and to all ranks.

    On all ranks the values become `trainer.callback_metrics`, which Lightning's own callbacks monitor. Called on all
    ranks, with anything on the others; returns the values of the first one.
    """
    values = trainer.strategy.broadcast(values)
    announce(trainer, values)
    if trainer.is_global_zero and values:
        log_values(trainer, iteration, values)
        for callback in trainer.callbacks:
            if isinstance(callback, Curves):
                callback.add(iteration, values)
    return values


def publish_picture(trainer: GameTrainer, name: str, iteration: int, picture: Tensor, folder: Path) -> None:
    """Write a picture, uint8 (C, H, W), into `folder`, named by its iteration, and give it to every logger."""
    folder.mkdir(exist_ok=True)  # not above: a run's folder that is gone was moved
    write_png(picture, folder / f"{iteration:08d}.png")
    for logger in trainer.loggers:
        show_picture(logger, name, iteration, picture)


def publish_text(trainer: GameTrainer, name: str, iteration: int, text: str) -> None:
    """Give a text to every logger that shows texts, at once."""
    for logger in trainer.loggers:
        show_text(logger, name, iteration, text)
