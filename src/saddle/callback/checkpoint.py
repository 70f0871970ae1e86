"""Keeps `checkpoints/last.ckpt` and the latest few checkpoints, named by their iteration."""

import os
import shutil
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Checkpoint

from saddle.bound import Count, Several
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.scheduled import Scheduled
from saddle.file import numbered, remove, replacing
from saddle.training.due import next_crossing
from saddle.training.module import GameModule


class LastCheckpoint(Scheduled, Checkpoint):
    """Saves every `every_images` images and when training ends, always between two iterations.

    `folder` receives last.ckpt, the latest, and the latest `keep` of them under their iterations (00001000.ckpt); None
    keeps all. The newest of these is the same file as last.ckpt; if it is damaged, the one before it is left. When a
    run is resumed, last.ckpt becomes the checkpoint that it is resumed from, and later ones are removed. So a run that
    is killed afterwards resumes in the same place, and its folder holds one course of training.
    """

    def __init__(self, folder: str, every_images: Count = 64_000, keep: Several | None = 2) -> None:
        super().__init__()
        self.path = Path(folder) / "last.ckpt"
        self.every_images, self.keep = every_images, keep
        self._saved: int | None = None

    def next_due(self, iteration: int, rows: int) -> int:
        return next_crossing(iteration, rows, self.every_images)

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        source = trainer.ckpt_path
        if source is None or not trainer.is_global_zero or trainer.fast_dev_run:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not (self.path.is_file() and self.path.samefile(source)):
            link(Path(source), self.path)
        self._remove_others(module.clock.iteration)

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        if self.is_due(module) or trainer.global_step == trainer.max_steps or trainer.should_stop:
            self._save(trainer)

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        self._save(trainer)

    def _save(self, trainer: GameTrainer) -> None:
        if trainer.fast_dev_run or self._saved == trainer.global_step:
            return
        trainer.save_checkpoint(self.path)
        self._saved = trainer.global_step
        if trainer.is_global_zero:
            link(self.path, self.path.with_name(f"{self._saved:08d}.ckpt"))
            self._remove_others(self._saved)

    def _remove_others(self, iteration: int) -> None:
        checkpoints = numbered(self.path.parent, ".ckpt")
        past = [number for number in checkpoints if number <= iteration]
        latest = past if self.keep is None else past[-self.keep :]
        for number in checkpoints.keys() - set(latest):
            remove(checkpoints[number])


def link(file: Path, name: Path) -> None:
    """Give `file` a second name, by a hard link; where the file system has none, by a copy."""
    with replacing(name) as temporary:
        try:
            os.link(file, temporary)
        except OSError:
            shutil.copyfile(file, temporary)
