"""Training data that is held in memory: what every data set has in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.bound import Count, ImageSize, Index
from saddle.data.identity import Identity, identity_of_rows
from saddle.data.loader import MemoryLoader
from saddle.data.mapped import Prefetch
from saddle.error import InputError
from saddle.memory import too_much
from saddle.seed import fixed_order

_FEWEST = 2
"""Fewer rows are no distribution: of a single one a generator learns to show that one."""


class MemoryData(ABC):
    """Rows in memory, delivered in batches of `accumulate` x `batch_size` over all ranks.

    `batch_size` counts the rows of one update over all devices, so a config means the same on one device and on four.
    `limit` keeps that many training rows, chosen by `saddle.seed.fixed_order`. A subclass implements `load_checked`,
    and `prepare_data` if files must be fetched.
    """

    rows_are = "images"
    """The plural noun for rows in messages."""

    size: int
    """Number of training rows, known before they are read; an upper bound if some files may be broken."""

    classes: int = 0
    """Number of labels; 0: none."""

    labels_by_default: bool = True
    """Whether architecture.conditional=auto lets networks ask for the classes, where there are any."""

    known_classes: Sequence[str] = ()
    """The names of the classes by their numbers; empty where they have no names but the numbers."""

    image_size: ImageSize | None = None
    """Size of the images in pixels; None if rows are not images."""

    skipped: int = 0
    """Number of unreadable files that were left out; known after `read`."""

    has_sources = False
    """Whether there is a second domain, from which images are translated."""

    flip = False
    """Whether each image is mirrored with probability 1/2."""

    origin: str = "data"
    """The setting that names where the rows come from, for messages."""

    prefetch: Prefetch | None = None
    """The prefetch callback, if rows stay in a file; known after `read`."""

    def __init__(self, batch_size: Count, seed: Index, accumulate: Count = 1, limit: Count | None = None) -> None:
        self.batch_size, self.seed, self.accumulate, self.limit = batch_size, seed, accumulate, limit
        self.rows = accumulate * batch_size
        self._read: tuple[Tensor, Tensor | None] | None = None
        self._sources: Tensor | None = None
        self._identity: Identity | None = None

    @property
    def class_names(self) -> list[str]:
        """The names of the classes by their numbers; empty without labels.

        They are `known_classes` or, where these are not as many as the classes, the numbers themselves.
        """
        if len(self.known_classes) == self.classes:
            return list(self.known_classes)
        return [str(number) for number in range(self.classes)]

    def keep_classes(self, names: Sequence[str] | None) -> None:
        """Name and number the classes as `names` does, that of a run that goes on; before the data is read.

        None stands for a run of an older version, which recorded none. Names of another number of classes are ignored.
        """
        if names is not None and len(names) == self.classes:
            self.known_classes = tuple(names)

    def check_alpha(self) -> None:
        """Raise InputError if new networks would learn alpha from opaque images; after `prepare_data`."""
        return

    def prepare_data(self) -> None:
        """Fetch missing files, on the first rank only; does nothing by default."""
        return

    @abstractmethod
    def load_checked(self) -> tuple[Tensor, Tensor | None]:
        """All training rows (M, ...) and labels, int64 (M,), or None without labels.

        Raises InputError if they do not match the config.
        """

    def load_sources(self) -> Tensor | None:
        """The rows (K, ...) of the source domain; None if the data has one domain."""
        return None

    def to_translate(self, num: int) -> Tensor | None:
        """At most `num` images, uint8, for a generator that translates between domains; None if there are none."""
        return None

    def finished(self, rows: Tensor) -> Tensor:
        """Rows as the loader holds them, from the rows that `limit` keeps; unchanged by default."""
        return rows

    def check_size(self, size: int) -> None:
        """Raise InputError if `size` rows are fewer than `limit`, or too few to learn from or to fill a batch."""
        what = f"training {self.rows_are.removesuffix('s') if size == 1 else self.rows_are}"
        if self.limit is not None and self.limit > size:
            raise InputError(f"data.limit={self.limit} is more than the {size} {what}: use at most {size}")
        kept = size if self.limit is None else self.limit
        self.check_enough(kept, self.origin if self.limit is None else f"data.limit={self.limit}")
        if self.rows > kept:
            there = f"{kept} {what}" if self.limit is None else f"data.limit={kept} {what}"
            raise InputError(
                f"data.batch_size={self.batch_size} x training.accumulate={self.accumulate} is more than the {there}: "
                f"use at most {kept}"
            )

    def check_enough(self, number: int, setting: str) -> None:
        """Raise InputError, naming the setting, if this number of rows is too small to learn from."""
        if number < _FEWEST:
            what = f"{_FEWEST} training {self.rows_are}"
            raise InputError(
                f"{setting}: a distribution is learned from at least {what}, and there is {number}: use more"
            )

    def check_memory(self) -> None:
        """Raise InputError if reading and holding the rows needs more memory than this machine has."""
        if excess := too_much(self.wanted_bytes()):
            raise InputError(f"{self.wanted_by()} needs {excess}: use less")

    def wanted_bytes(self) -> int:
        """Bytes of memory that reading the data takes, a rough lower bound; 0 if it is bounded otherwise."""
        return 0

    def wanted_by(self) -> str:
        """The settings that decide how much memory the data takes, with their values."""
        return ""

    def read(self) -> None:
        """Read the data and check it against the config; a second call does nothing.

        Raises InputError if rows or labels do not match the config, or if there are too few.
        """
        if self._read is not None:
            return
        rows, labels = self.load_checked()
        sources = self.load_sources()
        self.check_size(len(rows))
        chosen = self._limited(len(rows))
        if chosen is not None:
            rows, labels = rows[chosen], select(labels, chosen)
            self.prefetch = None  # indexing has copied the rows into memory
        if sources is not None and (chosen := self._limited(len(sources))) is not None:
            sources = sources[chosen]
        self._sources = None if sources is None else self.finished(sources)
        self._read = self.finished(rows), labels

    def _limited(self, size: int) -> Tensor | None:
        """The indices of those of `size` rows that `limit` keeps; None if it keeps all."""
        if self.limit is None or self.limit >= size:
            return None
        return fixed_order(size, "limit")[: self.limit].sort().values

    def identity(self) -> Identity:
        """What the training data in use is, by which it is known when a run goes on; reads the data if necessary."""
        if self._identity is None:
            self.read()
            self._identity = self.find_identity()
        return self._identity

    def find_identity(self) -> Identity:
        """The identity of the rows in memory, by their content; for data that is read, called once."""
        rows, labels = self.training()
        return identity_of_rows(rows, labels, self._sources, self.class_names)

    def rows_in_use(self) -> int:
        """Number of training rows in use; 0 before they are read."""
        return 0 if self._read is None else len(self._read[0])

    def training(self) -> tuple[Tensor, Tensor | None]:
        """Training rows (M, ...) as the loader holds them, and labels, int64 (M,), or None without labels."""
        self.read()
        assert self._read is not None
        return self._read

    def training_sources(self) -> Tensor | None:
        """Rows (M, ...) of the source domain as the loader holds them; None if the data has one domain."""
        self.read()
        return self._sources

    def label_shares(self) -> Tensor:
        """The share of each class among the training rows in use, float64 (classes,).

        Raises InputError if the data has no labels.
        """
        labels = self.training()[1]
        if labels is None:
            raise InputError("data.classes=0: the data has no labels, so its classes have no shares")
        return torch.bincount(labels, minlength=self.classes).double() / len(labels)

    def loader(self, rank: int = 0, world_size: int = 1, keep: slice = slice(None)) -> MemoryLoader:
        """The batches of one rank, from those training rows that `keep` selects; reads the data if necessary."""
        rows, labels = self.training()
        return MemoryLoader(
            rows[keep],
            select(labels, keep),
            self.rows,
            self.seed,
            parts=self.accumulate,
            rank=rank,
            world_size=world_size,
            flip=self.flip,
            sources=select(self.training_sources(), keep),
            prefetch=self.prefetch,
        )


def select(rows: Tensor | None, which: Tensor | slice) -> Tensor | None:
    """The rows at `which`; None of None."""
    return None if rows is None else rows[which]
