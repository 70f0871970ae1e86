"""The LightningDataModule: it gives each rank its rows of the data and keeps their state in checkpoints."""

from functools import partial
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningDataModule, Trainer

from saddle.bound import Count
from saddle.data.loader import MemoryLoader
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.training.block import BlockLoader, next_stop


class GameDataModule(LightningDataModule):
    """Delivers `data` to the trainer, on one rank in blocks of up to `block` batches (`saddle.training.block`).

    Several ranks agree after each iteration on whether to stop, so their batches are delivered one by one. With
    `may_change` a run goes on although its data has another number of rows now.
    """

    def __init__(self, data: MemoryData, block: Count = 1, may_change: bool = False) -> None:
        super().__init__()
        self.data, self.block, self.may_change = data, block, may_change
        self.has_changed = False
        """Whether the run goes on with another number of rows."""
        self.loader: MemoryLoader | None = None
        """The batches of this rank; known after `setup`."""
        self._batches = 0

    def prepare_data(self) -> None:
        """Fetch missing files."""
        self.data.prepare_data()

    def setup(self, stage: str) -> None:
        """Read the data if it has not been read, and shard it for this rank; a second call does nothing.

        Raises InputError if the data does not match the config, or if the ranks have read different numbers of rows.
        """
        if self.loader is not None:
            return
        trainer = self._trainer()
        self.data.read()
        if trainer.world_size > 1:
            self._check_alike(trainer)
        self.loader = self.data.loader(trainer.global_rank, trainer.world_size, self._overfit_rows(trainer))
        self.loader.batches = self._batches

    def _trainer(self) -> Trainer:
        assert self.trainer is not None, "a trainer sets up its data module"
        return self.trainer

    def _overfit_rows(self, trainer: Trainer) -> slice:
        """The rows that `overfit_batches` keeps: an integer counts batches, a fraction is of all rows, 0 keeps all."""
        batches = trainer.overfit_batches  # type: ignore[attr-defined]  # Lightning sets it outside of the class
        if batches == 0:
            return slice(None)
        if isinstance(batches, int):
            return slice(batches * self.data.rows)
        return slice(int(batches * self.data.rows_in_use()))

    def _check_alike(self, trainer: Trainer) -> None:
        """Raise InputError, on all ranks, if they have read different numbers of rows: one would wait forever."""
        count = self.data.rows_in_use()
        first = trainer.strategy.broadcast(count)
        if not trainer.strategy.reduce_boolean_decision(count == first, all=True):
            raise InputError(
                f"data: the processes have read different numbers of {self.data.rows_are} (the first one {first}): "
                "each needs the same files"
            )

    def train_dataloader(self) -> MemoryLoader | BlockLoader:
        assert self.loader is not None
        trainer = self._trainer()
        if self.block == 1 or trainer.world_size > 1:
            return self.loader
        return BlockLoader(self.loader, self.block, partial(next_stop, trainer, self.data.rows))

    def state_dict(self) -> dict[str, Any]:
        """The number of batches delivered, and of images (or points) in use; 0 images before they are read."""
        if self.loader is None:
            return {"batches": self._batches, "images": self.data.rows_in_use()}
        return {"batches": self.loader.batches, "images": len(self.loader.images)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue after that many batches; raises InputError if the data has another number of rows now."""
        count, what = self.state_dict()["images"], self.data.rows_are
        self.has_changed = bool(count and state["images"] and count != state["images"])
        if self.has_changed and not self.may_change:
            raise InputError(
                f"resume: the data had {state['images']} {what} and has {count} now: a resumed run needs the same ones"
            )
        self._batches = state["batches"]
        if self.loader is not None:
            self.loader.batches = self._batches
