"""The end of a run that was killed between its last iteration and its summary."""

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Callback, Checkpoint

from saddle.callback.hook import GameTrainer, hook
from saddle.training.module import GameModule


class Finish(Callback):
    """Calls what every other callback does at the end of training, except saving a checkpoint.

    A resumed run that has all its iterations needs it, because Lightning then ends without calling them.
    """

    @hook
    def on_fit_end(self, trainer: GameTrainer, module: GameModule) -> None:
        others = [c for c in trainer.callbacks if c is not self and not isinstance(c, Checkpoint)]
        for callback in others:
            callback.on_train_start(trainer, module)
        for callback in others:
            callback.on_train_end(trainer, module)
        for logger in trainer.loggers:
            logger.finalize("success")
