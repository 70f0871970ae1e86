"""Your own images: all image files below one folder."""

import json
import math
import os
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import PIL
import torch
from torch import Tensor
from tqdm import tqdm

from saddle.bound import Byte, Count, Index, Side, SizeOrNone
from saddle.data.image_cache import Decoded, Table, open_cache, write_cache
from saddle.data.image_file import EXTENSIONS, BrokenImageError, Fit, Form, read_image
from saddle.data.module import ImageData
from saddle.error import InputError, printable
from saddle.file import expanded
from saddle.seed import fixed_order
from saddle.version import __version__

_ENDS = tuple(f".{extension}" for extension in EXTENSIONS)
_SHOWN = 10


class ImageFolder(ImageData):
    """The image files (EXTENSIONS) below `root` at any depth, except hidden ones, in one form.

    With `classes` 0 the images have no labels. Otherwise the classes are the sub-folders directly below `root` that
    have images, in sorted order, and `classes` must be their number. For `fit` and `background` see
    `saddle.data.image_file.Form`.

    `broken` says what happens to unreadable images: "skip" leaves them out and lists them on stderr, "refuse" raises
    InputError. If the decoded images take more than `memory_mib` MiB, they are written to a file in the folder `cache`;
    later runs with the same files use it again.

    Raises InputError if `root` is not a folder or has no images, or if its sub-folders do not match `classes`.
    """

    def __init__(
        self,
        root: str,
        image_size: Side,
        channels: Literal[1, 3],
        classes: SizeOrNone,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        fit: Fit = "crop",
        background: Byte = 255,
        broken: Literal["skip", "refuse"] = "skip",
        memory_mib: Index = 2048,
        cache: str = "outputs/cache",
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        self.root = Path(expanded(root))
        self.form = Form(image_size, channels, fit, background)
        self.broken, self.memory_mib, self.cache = broken, memory_mib, Path(expanded(cache))
        self.names = image_names(self.root)
        self.class_names = self._class_names() if classes else []
        self.size = len(self.names)
        self._decoded: Decoded | None = None

    def prepare_data(self) -> None:
        """Decode the images, with a progress bar, or open the cache; list unreadable files on stderr."""
        if self._decoded is None:
            self._decoded = self._decode(quiet=False)
            self.check_size(len(self._decoded.images))
            self._report(self._decoded.table)

    def wanted_bytes(self) -> int:
        return min(super().wanted_bytes(), self.memory_mib * 2**20)  # more than that goes into a file

    def wanted_by(self) -> str:
        return f"data.memory_mib={self.memory_mib}"

    def load(self) -> tuple[Tensor, Tensor | None]:
        if self._decoded is None:  # on all ranks but the first, which has named the broken files
            self._decoded = self._decode(quiet=True)
        images, table, self.prefetch = self._decoded
        self.skipped = len(table.broken)
        if not self.classes:
            return images, None
        label = {name: index for index, name in enumerate(self.class_names)}
        return images, torch.tensor([label[_class(self.names[index])] for index in table.kept])

    def _class_names(self) -> list[str]:
        outside = [name for name in self.names if "/" not in name]
        if outside:
            raise InputError(
                f"data.classes={self.classes}, but {_some(outside)} in {self.root} lie outside of its sub-folders, "
                "which are the classes: move them, or use data.classes=0"
            )
        folders = sorted({_class(name) for name in self.names})
        if len(folders) != self.classes:
            raise InputError(
                f"data.classes={self.classes}, but {self.root} has {len(folders)} sub-folders with images "
                f"({_some(folders)}): use data.classes={len(folders)}, or 0 for no labels"
            )
        return folders

    def _decode(self, quiet: bool) -> Decoded:
        """The images, up to `limit` of them, in memory or in a file."""
        shape = (self.form.channels, self.form.image_size, self.form.image_size)
        number = self.size if self.limit is None else min(self.limit, self.size)
        if number * math.prod(shape) > self.memory_mib * 2**20:
            return self._decode_to_file(shape, quiet)
        images = torch.empty((number, *shape), dtype=torch.uint8)
        rows = iter(images)
        table = self._decode_each(lambda image: next(rows).copy_(image), quiet)
        return Decoded(images[: len(table.kept)], table)

    def _decode_to_file(self, shape: tuple[int, int, int], quiet: bool) -> Decoded:
        """The images in a file in the folder `cache`, which is written unless it exists."""
        path = self.cache / f"{self._fingerprint()}.images"
        decoded = open_cache(path, shape)
        if decoded is None:
            try:
                write_cache(path, lambda store: self._decode_each(store, quiet))
            except OSError as error:
                raise InputError(
                    f"data.cache={self.cache}: {error.strerror}; choose another folder for the decoded images, or "
                    f"raise data.memory_mib={self.memory_mib}"
                ) from error
            decoded = open_cache(path, shape)
            if decoded is None:
                raise InputError(f"data.cache={self.cache}: {path.name} was written and cannot be read back")
        self._check_broken(decoded.table)
        return decoded

    def _decode_each(self, store: Callable[[Tensor], object], quiet: bool) -> Table:
        """Call `store` with each readable image, until there are `limit` of them.

        With a limit the order is fixed, so that a larger limit includes the images of a smaller one.
        """
        order = range(self.size) if self.limit is None else fixed_order(self.size, "limit").tolist()
        table = Table([], [])
        for index in tqdm(order, "reading images", unit="image", delay=2, leave=False, disable=quiet):
            try:
                store(read_image(self.root / self.names[index], self.form))
                table.kept.append(index)
            except BrokenImageError as error:
                table.broken.append((self.names[index], str(error)))
            if len(table.kept) == self.limit:
                break
        self._check_broken(table)
        return table

    def _check_broken(self, table: Table) -> None:
        """Raise InputError if no file can be read, or if one cannot be read and `broken` is "refuse"."""
        if not table.broken or (table.kept and self.broken == "skip"):
            return
        name, reason = table.broken[0]
        first = f"the first is {printable(name)} ({reason})"
        if not table.kept:
            raise InputError(f"data.root={self.root}: none of its {self.size} image files can be read; {first}")
        raise InputError(
            f"data.broken=refuse: {len(table.broken)} of the {self.size} image files in {self.root} cannot be read; "
            f"{first}: repair or remove them, or use data.broken=skip"
        )

    def _report(self, table: Table) -> None:
        """List the unreadable files on stderr."""
        if not table.broken:
            return
        lines = [f"{len(table.broken)} of the {self.size} image files in {self.root} are left out:"]
        for name, reason in table.broken[:_SHOWN]:
            lines.append(f"  {printable(name)}: {reason}")
        if len(table.broken) > _SHOWN:
            lines.append(f"  and {len(table.broken) - _SHOWN} more")
        print("\n".join(lines), file=sys.stderr)

    def _fingerprint(self) -> str:
        """A name for the decoded images, which depends on the name, size and time of every file and on the settings."""
        key: list[Any] = [__version__, PIL.__version__, vars(self.form), self.limit]
        for name in self.names:
            try:
                status = (self.root / name).stat()
                key.append([name, status.st_size, status.st_mtime_ns])
            except OSError:
                key.append([name])
        return blake2b(json.dumps(key).encode(), digest_size=16).hexdigest()


def image_names(root: Path) -> list[str]:
    """The paths of all image files below `root`, relative to it, sorted; hidden files and folders are left out.

    The folders in a path are separated by `/`, so that their order is the same on every system.
    Links are followed, but each folder is visited once. Raises InputError if `root` is not a folder, cannot be read, or
    has no images.
    """
    if not root.is_dir():
        raise InputError(f"data.root={root}: there is no such folder; name the folder with your images")

    def refuse(error: OSError) -> None:
        raise InputError(f"data.root={root}: {error.filename}: {error.strerror}") from error

    names: list[str] = []
    visited: set[tuple[int, int | str]] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=refuse):
        status = Path(folder).stat()
        identity = (status.st_dev, status.st_ino or os.path.realpath(folder))  # some file systems have no inodes
        if identity in visited:
            subfolders.clear()
            continue
        visited.add(identity)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and name.lower().endswith(_ENDS):
                names.append(os.path.relpath(Path(folder) / name, root).replace(os.sep, "/"))
    if not names:
        raise InputError(f"data.root={root}: no images there; files that end in {', '.join(EXTENSIONS)} are looked for")
    return sorted(names)


def _class(name: str) -> str:
    """The folder directly below the root in which an image lies."""
    return name.partition("/")[0]


def _some(names: list[str]) -> str:
    """The first names, and the number of the others, for a message."""
    text = ", ".join(map(printable, names[:_SHOWN]))
    if len(names) > _SHOWN:
        text += f" and {len(names) - _SHOWN} more"
    return text
