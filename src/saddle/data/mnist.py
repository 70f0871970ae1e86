"""MNIST (LeCun et al. 1998), by torchvision."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
from torch import Tensor
from torchvision.datasets import MNIST

from saddle.bound import Count, Index
from saddle.data.idx import check_idx_pair
from saddle.data.module import ImageData
from saddle.error import InputError

_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_TIMEOUT_SECONDS = 30


class Mnist(ImageData):
    """60,000 grey training images of 28x28 pixels, ten classes, brought smoothly to another `image_size` if asked.

    The files are looked for in `root`/MNIST/raw, where torchvision lays them, and downloaded there if they are not
    found. Raises InputError if they cannot be had, are truncated, of the wrong kind, or do not belong together.
    """

    size = 60_000

    def __init__(
        self,
        root: str,
        image_size: Count,
        channels: Count,
        classes: Count,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate)
        self.root = Path(root)
        self.folder = self.root / "MNIST" / "raw"

    def prepare_data(self) -> None:
        """Download what is missing, with progress, from torchvision's mirrors in turn, verified by checksum."""
        images, labels = (self.folder / name for name in _FILES[:2])
        if images.is_file() and labels.is_file():
            check_idx_pair(images, labels)
            return
        try:
            with _timeout(_TIMEOUT_SECONDS):
                MNIST(str(self.root), download=True)
        except (OSError, RuntimeError) as error:
            raise InputError(self._how_to_get(error)) from error

    def load(self) -> tuple[Tensor, Tensor]:
        images, labels, *_ = (self.folder / name for name in _FILES)
        check_idx_pair(images, labels)
        data = MNIST(str(self.root), train=True)
        return data.data.unsqueeze(1), data.targets.long()

    def _how_to_get(self, error: Exception) -> str:
        reason = " ".join(str(error).split()) or type(error).__name__
        return (
            f"data.root={self.root}: MNIST is not there, and {' and '.join(MNIST.mirrors)} could not be reached "
            f"({reason}).\nPut {', '.join(_FILES)} into {self.folder}{os.sep}, or set data.root or SADDLE_DATA_ROOT to "
            "the folder above MNIST/.\ndata=digits needs no download."
        )


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
