"""Keeps `checkpoints/last.ckpt` and the latest few checkpoints by their iteration."""

import os
import shutil
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from saddle.bound import Count
from saddle.callback.paced import Paced
from saddle.file import replacing
from saddle.training.cadence import next_crossing


class LastCheckpoint(Paced, Checkpoint):
    """Saves every `every_images` images and when training ends, always between two iterations.

    `folder` receives last.ckpt, the latest, and under their iterations (00001000.ckpt) the latest `keep` of them; None
    keeps all. What a run had saved beyond the iteration from which it goes on is removed.
    """

    def __init__(self, folder: str, every_images: Count = 64_000, keep: Count | None = 2) -> None:
        super().__init__()
        self.path = Path(folder) / "last.ckpt"
        self.every_images, self.keep = every_images, keep
        self._saved: int | None = None

    def next_due(self, iteration: int, rows: int) -> int:
        return next_crossing(iteration, rows, self.every_images)

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        if self.is_due(module) or trainer.global_step == trainer.max_steps or trainer.should_stop:
            self._save(trainer)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        if trainer.fast_dev_run or self._saved == trainer.global_step:
            return
        trainer.save_checkpoint(self.path)
        self._saved = trainer.global_step
        if trainer.is_global_zero:
            _name_again(self.path, self.path.with_name(f"{self._saved:08d}.ckpt"))
            self._remove_others(self._saved)

    def _remove_others(self, iteration: int) -> None:
        numbered = {int(path.stem): path for path in self.path.parent.glob("*.ckpt") if path.stem.isdecimal()}
        past = sorted(number for number in numbered if number <= iteration)
        kept = past if self.keep is None else past[-self.keep :]
        for number in numbered.keys() - set(kept):
            numbered[number].unlink()


def _name_again(file: Path, name: Path) -> None:
    """Give `file` a second name; where the file system has no hard links, a copy."""
    with replacing(name) as temporary:
        try:
            os.link(file, temporary)
        except OSError:
            shutil.copyfile(file, temporary)
