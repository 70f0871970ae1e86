"""Keeps `checkpoints/last.ckpt`."""

from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from saddle.bound import Count


class LastCheckpoint(Checkpoint):
    """Saves every `every_iterations` and when training ends, always between two iterations.

    `folder` receives last.ckpt.
    """

    def __init__(self, folder: str, every_iterations: Count = 1000) -> None:
        super().__init__()
        self.path = Path(folder) / "last.ckpt"
        self.every_iterations = every_iterations
        self._saved: int | None = None

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        step = trainer.global_step
        if step % self.every_iterations == 0 or step == trainer.max_steps or trainer.should_stop:
            self._save(trainer)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        if trainer.fast_dev_run or self._saved == trainer.global_step:
            return
        trainer.save_checkpoint(self.path)
        self._saved = trainer.global_step
