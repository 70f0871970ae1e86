"""Pictures, texts and settings for a logger, whichever it is. Numbers go by Lightning's own `log_metrics`."""

from collections.abc import Mapping
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from torch import Tensor

from saddle.interrupt import whole
from saddle.logger.tensorboard import TensorBoard


def show_picture(logger: Logger, name: str, iteration: int, picture: Tensor) -> None:
    """Give a picture, uint8 (C, H, W), to a logger that shows pictures. A second Ctrl-C waits for it."""
    with whole():
        if isinstance(logger, TensorBoard):
            logger.log_picture(name, picture, iteration)
        elif isinstance(logger, TensorBoardLogger):
            logger.experiment.add_image(name, picture, iteration)
        elif isinstance(logger, WandbLogger):
            logger.log_image(name, [_as_image(picture)], step=iteration)
        elif isinstance(logger, MLFlowLogger):
            file = f"{name}/{iteration:08d}.png"
            logger.experiment.log_image(logger.run_id, _as_image(picture), artifact_file=file)


def show_text(logger: Logger, name: str, iteration: int, text: str) -> None:
    """Give a text to a logger that shows texts, at once. A second Ctrl-C waits for it."""
    with whole():
        if isinstance(logger, TensorBoardLogger):
            logger.experiment.add_text(name, text, iteration)
            logger.experiment.flush()
        elif isinstance(logger, WandbLogger):
            logger.log_text(name, columns=["iteration", "text"], data=[[str(iteration), text]], step=iteration)
        elif isinstance(logger, MLFlowLogger):
            logger.experiment.log_text(logger.run_id, text, f"{name}/{iteration:08d}.md")


def show_settings(logger: Logger, settings: Mapping[str, Any]) -> None:
    """Give a run's settings by their dotted names to a logger that takes them when a run begins."""
    if isinstance(logger, WandbLogger | MLFlowLogger):
        logger.log_hyperparams(dict(settings))


def _as_image(picture: Tensor) -> Any:
    """A picture as an image of Pillow."""
    from torchvision.transforms.functional import to_pil_image

    return to_pil_image(picture)
