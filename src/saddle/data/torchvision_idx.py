"""Data sets in MNIST's file format, fetched by torchvision."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.idx import check_idx_pair, read_idx_pair
from saddle.data.module import ImageData
from saddle.error import InputError
from saddle.file import expanded

_TIMEOUT_SECONDS = 30


class TorchvisionIdx(ImageData):
    """Gray images of 28x28 pixels with labels, brought smoothly to another `image_size` if asked.

    The files are looked for in `root`/NAME/raw, where torchvision lays them, and downloaded there if they are not
    found. Raises InputError if they cannot be had, are truncated, of the wrong kind, or do not belong together.
    A subclass names torchvision's `dataset` and the `size`.
    """

    dataset: str
    """Name of torchvision's class, which knows the mirrors and the checksums; its folder has the same name."""

    files: tuple[str, ...] = (
        *("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        *("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    )
    """What a download brings: images and labels for training, then for testing."""

    def __init__(
        self,
        root: str,
        image_size: Side,
        channels: Size,
        classes: Size,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        self.root = Path(expanded(root))
        self.folder = self.root / self.dataset / "raw"

    def prepare_data(self) -> None:
        """Download what is missing, with progress, from one source after another, verified by checksum."""
        images, labels = (self.folder / name for name in self.files[:2])
        if images.is_file() and labels.is_file():
            check_idx_pair(images, labels)
            return
        failures: list[Exception] = []
        for source in self.sources():
            try:
                with _timeout(_TIMEOUT_SECONDS):
                    self.fetch(source)
                return
            except (OSError, RuntimeError, HTTPException) as error:
                failures.append(error)
        raise InputError(self._how_to_get(failures)) from failures[-1]

    def load(self) -> tuple[Tensor, Tensor]:
        return self.load_files(*self.files[:2])

    def load_test(self) -> tuple[Tensor, Tensor]:
        return self.load_files(*self.files[2:])

    def load_files(self, images: str, labels: str) -> tuple[Tensor, Tensor]:
        """Images, uint8 (M, 1, 28, 28), and labels, int64 (M,), from a checked pair of files."""
        pixels, classes = read_idx_pair(self.folder / images, self.folder / labels)
        return pixels.unsqueeze(1), classes

    def torchvision_class(self) -> Any:
        """torchvision's class of the data set; imported only here, because it takes a second."""
        import saddle.compat  # noqa: F401  isort: skip
        from torchvision import datasets

        return getattr(datasets, self.dataset)

    def sources(self) -> list[str]:
        """Addresses from which the files are downloaded, in the order of the attempts."""
        return self.torchvision_class().mirrors

    def fetch(self, source: str) -> None:
        """Download from `source` alone.

        torchvision tries its next mirror only if a connection cannot be opened; one that dies on the way would end
        the whole download. So it is given one mirror at a time, in a class of the same name (the folder's).
        """
        one_mirror = type(self.dataset, (self.torchvision_class(),), {"mirrors": [source]})
        one_mirror(str(self.root), download=True)

    def _how_to_get(self, failures: list[Exception]) -> str:
        name = self.dataset
        reasons = "; ".join(" ".join(str(error).split()) or type(error).__name__ for error in failures)
        return (
            f"data.root={self.root}: {name} is not there, and could not be had from {' and '.join(self.sources())} "
            f"({reasons}).\nPut {', '.join(self.files)} into {self.folder}{os.sep}, or set data.root or "
            f"SADDLE_DATA_ROOT to the folder above {name}/.\ndata=digits needs no download."
        )


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
