"""The end of a run that was killed between its last iteration and its summary."""

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, Checkpoint


class Finish(Callback):
    """Has every other callback do what it does at the end of training.

    For a resumed run that has all its iterations: Lightning then ends without calling them. The checkpoint stays.
    """

    def on_fit_end(self, trainer: Trainer, module: LightningModule) -> None:
        others = [c for c in trainer.callbacks if c is not self and not isinstance(c, Checkpoint)]
        for callback in others:
            callback.on_train_start(trainer, module)
        for callback in others:
            callback.on_train_end(trainer, module)
        for logger in trainer.loggers:
            logger.finalize("success")
