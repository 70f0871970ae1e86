"""The LightningDataModule that all data shares: rows in memory, delivered by counters."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningDataModule
from torch import Tensor

from saddle.bound import Count, Index
from saddle.data.block import BlockLoader
from saddle.data.loader import MemoryLoader
from saddle.data.mapped import Prefetch
from saddle.error import InputError
from saddle.memory import too_much
from saddle.seed import fixed_order


class MemoryData(LightningDataModule, ABC):
    """Rows in memory, delivered in batches of `accumulate` x `batch_size` over all ranks.

    `batch_size` counts rows per update over all devices, whatever their number, so that a config means the same on
    one device and on four. `limit` keeps that many training rows, chosen by `saddle.seed.fixed_order`. A subclass gives
    `load_checked`, and `prepare_data` where there is something to fetch.
    """

    rows_are = "images"
    """What a row is, in words."""

    size: int
    """Number of training rows, known before they are read; an upper bound where some may turn out broken."""

    classes: int = 0
    """Number of labels; 0: none."""

    image_size: int | None = None
    """Side of the images; None where rows are no images."""

    skipped: int = 0
    """Number of files that could not be read and were left out; known after `read`."""

    has_sources = False
    """Whether there is a second domain, that a translation starts from."""

    flip = False
    """Whether each image is mirrored with probability 1/2."""

    soon: Prefetch | None = None
    """Whom to tell which rows are read next, where they stay in a file; known after `read`."""

    def __init__(self, batch_size: Count, seed: Index, accumulate: Count = 1, limit: Count | None = None) -> None:
        super().__init__()
        self.batch_size, self.seed, self.accumulate, self.limit = batch_size, seed, accumulate, limit
        self.rows = accumulate * batch_size
        self.loader: MemoryLoader | None = None
        self._read: tuple[Tensor, Tensor | None] | None = None
        self._sources: Tensor | None = None
        self._batches = 0
        self._blocks: tuple[int, Callable[[int], int]] | None = None

    @abstractmethod
    def load_checked(self) -> tuple[Tensor, Tensor | None]:
        """All training rows (M, ...) and labels, int64 (M,), or None without labels.

        Raises InputError if they are not what the config says.
        """

    def load_sources(self) -> Tensor | None:
        """As many rows (M, ...) of the domain that a translation starts from; None where the data has one domain."""
        return None

    def to_translate(self, num: int) -> Tensor | None:
        """At most `num` images, uint8, that a generator between two domains starts from; None where there are none."""
        return None

    def finished(self, rows: Tensor) -> Tensor:
        """What becomes of the rows that `limit` keeps; as they are, unless a subclass says otherwise."""
        return rows

    def check_size(self, size: int) -> None:
        """Raise InputError if `size` rows are fewer than `limit`, or what is kept of them does not fill a batch."""
        what = f"training {self.rows_are}"
        if self.limit is not None and self.limit > size:
            raise InputError(f"data.limit={self.limit} is more than the {size} {what}: use at most {size}")
        kept = size if self.limit is None else self.limit
        if self.rows > kept:
            there = f"{kept} {what}" if self.limit is None else f"data.limit={kept} {what}"
            raise InputError(
                f"data.batch_size={self.batch_size} x training.accumulate={self.accumulate} is more than the {there}: "
                f"use at most {kept}"
            )

    def check_memory(self) -> None:
        """Raise InputError if the rows, as they are read and held, do not fit into this machine's memory."""
        if excess := too_much(self.wanted_bytes()):
            raise InputError(f"{self.wanted_by()} needs {excess}: use less")

    def wanted_bytes(self) -> int:
        """How many bytes of memory reading the data takes, roughly and at least; 0 where that is bounded otherwise."""
        return 0

    def wanted_by(self) -> str:
        """The settings that decide how much memory the data takes, with their values."""
        return ""

    def read(self) -> None:
        """Read the data and check it against the config; needs no trainer, and does nothing a second time.

        Raises InputError if rows or labels are not what the config says, or are too few.
        """
        if self._read is not None:
            return
        rows, labels = self.load_checked()
        sources = self.load_sources()
        self.check_size(len(rows))
        if self.limit is not None and self.limit < len(rows):
            kept = fixed_order(len(rows), "limit")[: self.limit].sort().values
            rows, labels, sources = rows[kept], _taken(labels, kept), _taken(sources, kept)
            self.soon = None  # they are in memory now
        self._sources = None if sources is None else self.finished(sources)
        self._read = self.finished(rows), labels

    def training(self) -> tuple[Tensor, Tensor | None]:
        """Training rows (M, ...) as the loader holds them, and labels, int64 (M,), or None without labels."""
        self.read()
        assert self._read is not None
        return self._read

    def training_sources(self) -> Tensor | None:
        """Rows (M, ...) of the domain that a translation starts from, as the loader holds them; None without."""
        self.read()
        return self._sources

    def label_shares(self) -> Tensor:
        """The share of each class among the training rows that `limit` keeps, float64 (classes,).

        Raises InputError if the data has no labels.
        """
        labels = self.training()[1]
        if labels is None:
            raise InputError("data.classes=0: the data has no labels, so its classes have no shares")
        return torch.bincount(labels, minlength=self.classes).double() / len(labels)

    def setup(self, stage: str) -> None:
        """Read the data if that is still to do, and shard it for this rank."""
        if self.loader is not None:
            return
        (rows, labels), sources = self.training(), self.training_sources()
        trainer = self.trainer
        if trainer.world_size > 1:
            self._check_alike(len(rows))
        if trainer.overfit_batches > 0:
            count = trainer.overfit_batches
            keep = slice(int(count * self.rows) if isinstance(count, int) else int(count * len(rows)))
            rows, labels, sources = rows[keep], _taken(labels, keep), _taken(sources, keep)
        self.loader = MemoryLoader(
            rows,
            labels,
            self.rows,
            self.seed,
            self.accumulate,
            trainer.global_rank,
            trainer.world_size,
            self.flip,
            sources,
            self.soon,
        )
        self.loader.batches = self._batches

    def in_blocks(self, size: int, next_stop: Callable[[int], int]) -> None:
        """Deliver up to `size` batches at a time, as `saddle.data.block` says."""
        self._blocks = size, next_stop

    def _check_alike(self, count: int) -> None:
        """Raise InputError, on all ranks, if they have read different numbers of rows: one would wait for ever."""
        strategy, what = self.trainer.strategy, self.rows_are
        first = strategy.broadcast(count)
        if not strategy.reduce_boolean_decision(count == first, all=True):
            raise InputError(
                f"data: the processes have read different numbers of {what} (the first one {first}): each needs "
                "the same files"
            )

    def train_dataloader(self) -> MemoryLoader | BlockLoader:
        assert self.loader is not None
        return self.loader if self._blocks is None else BlockLoader(self.loader, *self._blocks)

    def state_dict(self) -> dict[str, Any]:
        if self.loader is not None:
            return {"batches": self.loader.batches, "images": len(self.loader.images)}
        return {"batches": self._batches, "images": 0 if self._read is None else len(self._read[0])}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after so many batches; raises InputError if the data has another number of rows now."""
        count, what = self.state_dict()["images"], self.rows_are
        if count and state["images"] and count != state["images"]:
            raise InputError(
                f"resume: the data had {state['images']} {what} and has {count} now: a resumed run needs the same ones"
            )
        self._batches = state["batches"]
        if self.loader is not None:
            self.loader.batches = self._batches


def _taken(rows: Tensor | None, which: Tensor | slice) -> Tensor | None:
    return None if rows is None else rows[which]
