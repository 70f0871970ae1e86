"""Data sets in MNIST's file format, fetched by torchvision."""

import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.idx import PACKED, read_idx_pair
from saddle.data.idx_search import Pair, find_pair
from saddle.data.module import ImageData
from saddle.error import InputError
from saddle.file import expanded

_TIMEOUT_SECONDS = 30
_SHOWN = 3  # reasons in a message


class TorchvisionIdx(ImageData):
    """Gray images of 28x28 pixels with labels, brought smoothly to another `image_size` if asked.

    The files are looked for in `root`/NAME/raw, where torchvision lays them, under other names, in other folders and
    packed (`saddle.data.idx_search`), and downloaded if they are not found: those for training and those for testing.
    Raises InputError if they cannot be had, are truncated, of the wrong kind, or do not belong together.
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
        """Find the files of both splits; download what is missing, with progress, verified by checksum.

        One source is tried after another. If none has the files, nothing is left behind.
        """
        missing, unused = self._missing()
        if not missing:
            return
        failures: list[Exception] = []
        with _leaving_nothing_in(self.folder):
            for source in self.sources():
                try:
                    with _timeout(_TIMEOUT_SECONDS):
                        self.fetch(source, missing)
                    return
                except (OSError, RuntimeError, HTTPException) as error:
                    failures.append(error)
            raise InputError(self._how_to_get(missing, unused, failures)) from failures[-1]

    def _missing(self) -> tuple[list[str], list[str]]:
        """The names of the files of splits that are not there, and why files that look like them are not used."""
        missing: list[str] = []
        unused: list[str] = []
        for split in (self.files[:2], self.files[2:]):
            found = find_pair(self.root, self.dataset, *split)
            if found.pair is None:
                missing += [name for name in split if not (self.folder / name).is_file()] or split
                unused += found.unused
        return missing, list(dict.fromkeys(unused))

    def load(self) -> tuple[Tensor, Tensor]:
        return self.load_files(*self.files[:2])

    def load_test(self) -> tuple[Tensor, Tensor]:
        return self.load_files(*self.files[2:])

    def load_files(self, images: str, labels: str) -> tuple[Tensor, Tensor]:
        """Images, uint8 (M, 1, 28, 28), and labels, int64 (M,), from a checked pair of files, by their usual names."""
        pair = find_pair(self.root, self.dataset, images, labels).pair
        if pair is None:
            pair = Pair(self.folder / images, self.folder / labels)  # refused by name
        pixels, classes = read_idx_pair(*pair)
        return pixels.unsqueeze(1), classes

    def torchvision_class(self) -> Any:
        """torchvision's class of the data set; imported only here, because it takes a second."""
        import saddle.compat  # noqa: F401  isort: skip
        from torchvision import datasets

        return getattr(datasets, self.dataset)

    def sources(self) -> list[str]:
        """Addresses from which the files are downloaded, in the order of the attempts."""
        return self.torchvision_class().mirrors

    def fetch(self, source: str, names: Sequence[str]) -> None:
        """Download the files of these names from `source` alone.

        torchvision tries its next mirror only if a connection cannot be opened; one that dies on the way would end
        the whole download. So it is given one mirror at a time, in a class of the same name (the folder's). It would
        also fetch files that lie elsewhere again.
        """
        kind = self.torchvision_class()
        wanted = [(file, digest) for file, digest in kind.resources if file.removesuffix(PACKED) in names]
        one_mirror = type(self.dataset, (kind,), {"mirrors": [source], "resources": wanted})
        fetcher: Any = object.__new__(one_mirror)  # a finished one has read all files
        fetcher.root = str(self.root)
        fetcher.download()

    def _how_to_get(self, missing: Sequence[str], unused: Sequence[str], failures: Sequence[Exception]) -> str:
        name = self.dataset
        reasons = "; ".join(" ".join(str(error).split()) or type(error).__name__ for error in failures)
        what = f"{name} is" if set(self.files[:2]) & set(missing) else f"the test images and labels of {name} are"
        not_used = f" Not used: {'; '.join(unused[:_SHOWN])}." if unused else ""
        return (
            f"data.root={self.root}: {what} not there, and could not be had from {' and '.join(self.sources())} "
            f"({reasons}).{not_used}\nPut {', '.join(missing)} into {self.folder}{os.sep}, or set data.root or "
            f"SADDLE_DATA_ROOT to the folder above {name}/.\ndata=digits needs no download."
        )


@contextmanager
def _leaving_nothing_in(folder: Path) -> Iterator[None]:
    """If an exception is raised inside, what was made in `folder` since, and the folders around it, are removed."""
    before = set(folder.iterdir()) if folder.is_dir() else set()
    absent = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        yield
    except BaseException:
        for path in set(folder.iterdir()) - before if folder.is_dir() else set():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for place in absent:
            with suppress(OSError):
                place.rmdir()
        raise


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
