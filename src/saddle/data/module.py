"""The LightningDataModule that all image data share."""

from abc import ABC, abstractmethod
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningDataModule
from torch import Tensor

from saddle.bound import Count, Index
from saddle.data.loader import MemoryLoader
from saddle.data.resize import resized
from saddle.error import InputError


class ImageData(LightningDataModule, ABC):
    """Images in memory, delivered in batches of `accumulate` x `batch_size` over all ranks.

    `batch_size` counts images per update over all devices, whatever their number, so that a config means the same on
    one device and on four. `image_size`, `channels` and `classes` are what the networks are built for: they are
    checked against the data when it is read. A subclass gives `load`, and `prepare_data` where there is something to
    fetch.
    """

    size: int
    """Number of training images; known before they are read."""

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        classes: Count,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
    ) -> None:
        super().__init__()
        self.image_size, self.channels, self.classes = image_size, channels, classes
        self.batch_size, self.seed, self.accumulate = batch_size, seed, accumulate
        self.rows = accumulate * batch_size
        self.loader: MemoryLoader | None = None
        self._batches = 0

    @abstractmethod
    def load(self) -> tuple[Tensor, Tensor]:
        """Training images, uint8 (M, C, H, W) of any size, and labels, int64 (M,)."""

    def check_size(self, size: int) -> None:
        """Raise InputError if `size` images do not fill one batch."""
        if self.rows > size:
            raise InputError(
                f"data.batch_size={self.batch_size} x training.accumulate={self.accumulate} is more than the {size} "
                f"training images: use at most {size}"
            )

    def setup(self, stage: str) -> None:
        """Read the data and check it against the config."""
        if self.loader is not None:
            return
        trainer = self.trainer
        images, labels = self.load()
        if images.shape[1] != self.channels:
            raise InputError(f"data.channels={self.channels}, but the images have {images.shape[1]}")
        if int(labels.max()) >= self.classes:
            raise InputError(f"data.classes={self.classes}, but the data has a label {int(labels.max())}")
        if trainer.overfit_batches > 0:
            count = trainer.overfit_batches
            keep = int(count * self.rows) if isinstance(count, int) else int(count * len(images))
            images, labels = images[:keep], labels[:keep]
        self.check_size(len(images))
        self.loader = MemoryLoader(
            resized(images, self.image_size),
            labels,
            self.rows,
            self.seed,
            self.accumulate,
            trainer.global_rank,
            trainer.world_size,
        )
        self.loader.batches = self._batches

    def train_dataloader(self) -> MemoryLoader:
        assert self.loader is not None
        return self.loader

    def state_dict(self) -> dict[str, Any]:
        return {"batches": self._batches if self.loader is None else self.loader.batches}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._batches = state["batches"]
        if self.loader is not None:
            self.loader.batches = self._batches
