"""The LightningDataModule that all image data share."""

from abc import ABC, abstractmethod
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningDataModule
from torch import Tensor

from saddle.bound import Count, Index
from saddle.data.loader import MemoryLoader
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.seed import fixed_order


class ImageData(LightningDataModule, ABC):
    """Images in memory, delivered in batches of `accumulate` x `batch_size` over all ranks.

    `batch_size` counts images per update over all devices, whatever their number, so that a config means the same on
    one device and on four. `image_size`, `channels` and `classes` (0: no labels) are what the networks are built for:
    they are checked against the data when it is read. `limit` keeps that many training images, chosen by
    `saddle.seed.fixed_order`; `flip` mirrors each image left to right with probability 1/2. A subclass gives `load`,
    and `prepare_data` where there is something to fetch.
    """

    size: int
    """Number of training images, known before they are read; an upper bound where some may turn out broken."""

    extractor: str | None = None
    """The classifier that comes with saddle for this data (`saddle.metric.extractor`), if there is one."""

    evaluated: int = 10_000
    """How many samples are compared with this data by default."""

    skipped: int = 0
    """Number of files that could not be read and were left out; known after `read`."""

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        classes: Index,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
    ) -> None:
        super().__init__()
        self.image_size, self.channels, self.classes = image_size, channels, classes
        self.batch_size, self.seed, self.accumulate = batch_size, seed, accumulate
        self.limit, self.flip = limit, flip
        self.rows = accumulate * batch_size
        self.loader: MemoryLoader | None = None
        self._read: tuple[Tensor, Tensor | None] | None = None
        self._batches = 0

    @abstractmethod
    def load(self) -> tuple[Tensor, Tensor | None]:
        """Training images, uint8 (M, C, H, W) of any size, and labels, int64 (M,), or None without labels."""

    def load_test(self) -> tuple[Tensor, Tensor | None] | None:
        """Images and labels that are not trained on, as `load` gives them; None where the data set has none apart."""
        return None

    def check_size(self, size: int) -> None:
        """Raise InputError if `size` images are fewer than `limit`, or what is kept of them does not fill a batch."""
        if self.limit is not None and self.limit > size:
            raise InputError(f"data.limit={self.limit} is more than the {size} training images: use at most {size}")
        kept = size if self.limit is None else self.limit
        if self.rows > kept:
            what = f"{kept} training images" if self.limit is None else f"data.limit={kept} training images"
            raise InputError(
                f"data.batch_size={self.batch_size} x training.accumulate={self.accumulate} is more than the {what}: "
                f"use at most {kept}"
            )

    def read(self) -> None:
        """Read the data and check it against the config; needs no trainer, and does nothing a second time.

        Raises InputError if images or labels are not what the config says, or are too few.
        """
        if self._read is not None:
            return
        images, labels = self.load()
        if images.shape[1] != self.channels:
            raise InputError(f"data.channels={self.channels}, but the images have {images.shape[1]}")
        self._check_labels(labels)
        self.check_size(len(images))
        if self.limit is not None and self.limit < len(images):
            kept = fixed_order(len(images), "limit")[: self.limit].sort().values
            images, labels = images[kept], None if labels is None else labels[kept]
        self._read = resized(images, self.image_size), labels

    def training(self) -> tuple[Tensor, Tensor | None]:
        """Training images, uint8 (M, C, S, S) of the size asked for, and labels, int64 (M,), or None without labels."""
        self.read()
        assert self._read is not None
        return self._read

    def label_shares(self) -> Tensor:
        """The share of each class among the training images that `limit` keeps, float64 (classes,).

        Raises InputError if the data has no labels.
        """
        labels = self.training()[1]
        if labels is None:
            raise InputError("data.classes=0: the data has no labels, so its classes have no shares")
        return torch.bincount(labels, minlength=self.classes).double() / len(labels)

    def _check_labels(self, labels: Tensor | None) -> None:
        if labels is None:
            if self.classes != 0:
                raise InputError(f"data.classes={self.classes}, but the data has no labels: use 0")
        elif not 0 <= int(labels.min()) <= int(labels.max()) < self.classes:
            odd = int(labels.min()) if int(labels.min()) < 0 else int(labels.max())
            raise InputError(f"data.classes={self.classes}, but the data has a label {odd}")

    def setup(self, stage: str) -> None:
        """Read the data if that is still to do, and shard it for this rank."""
        if self.loader is not None:
            return
        images, labels = self.training()
        trainer = self.trainer
        if trainer.overfit_batches > 0:
            count = trainer.overfit_batches
            keep = int(count * self.rows) if isinstance(count, int) else int(count * len(images))
            images, labels = images[:keep], None if labels is None else labels[:keep]
        self.loader = MemoryLoader(
            images,
            labels,
            self.rows,
            self.seed,
            self.accumulate,
            trainer.global_rank,
            trainer.world_size,
            self.flip,
        )
        self.loader.batches = self._batches

    def train_dataloader(self) -> MemoryLoader:
        assert self.loader is not None
        return self.loader

    def state_dict(self) -> dict[str, Any]:
        batches = self._batches if self.loader is None else self.loader.batches
        return {"batches": batches, "images": 0 if self._read is None else len(self._read[0])}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after so many batches; raises InputError if the data has another number of images now."""
        images = self.state_dict()["images"]
        if images and state["images"] and images != state["images"]:
            raise InputError(
                f"resume: the data had {state['images']} images and has {images} now: a resumed run needs the same ones"
            )
        self._batches = state["batches"]
        if self.loader is not None:
            self.loader.batches = self._batches
