"""The images in the files below one folder, decoded once and kept in a cache."""

import json
import math
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import PIL
import torch
from torch import Tensor
from tqdm import tqdm

from saddle.bound import height_and_width
from saddle.data.image_cache import Decoded, Table, open_cache, write_cache
from saddle.data.image_file import BrokenImageError, Form, Picture, quiet_pillow, read_picture
from saddle.data.image_search import SHOWN, counted, search_data, some
from saddle.error import InputError, printable
from saddle.file import expanded
from saddle.seed import fixed_order
from saddle.threads import usable_cores
from saddle.version import __version__

Broken = Literal["skip", "refuse"]

_WORTH_FILES, _WORTH_BYTES = 1000, 2**24
"""From so many files, or so many bytes of them, on decoded images are kept in a file, although memory holds them."""

_PROBES = 16  # files whose content is read to know a folder again
_CHUNK = 256  # files that the threads share at a time


class _CacheError(InputError):
    """The folder `cache` cannot be used; the images themselves can."""


class ImageFiles:
    """The image files below `root` (`saddle.data.image_search`) in one form.

    `setting` names the folder in messages. `limit`, `broken`, `memory_mib` and `cache` are as in
    `saddle.data.image_folder.ImageFolder`. Raises InputError if `root` is not a folder or has no images.
    """

    def __init__(
        self, setting: str, root: str, form: Form, limit: int | None, broken: Broken, memory_mib: int, cache: str
    ) -> None:
        self.setting, self.root, self.form = setting, Path(expanded(root)), form
        self.limit, self.broken, self.memory_mib, self.cache = limit, broken, memory_mib, Path(expanded(cache))
        found = search_data(self.root, setting)
        self.names, self._remarks = found.names, found.remarks(self.root)
        self._decoded: Decoded | None = None
        self._is_reported = False

    def __len__(self) -> int:
        return len(self.names)

    def decoded(self, quiet: bool) -> Decoded:
        """The images, up to `limit` of them, in memory or in a file; decoded at the first call, with a bar unless
        `quiet`.

        Raises InputError if no file can be read, or if one cannot be read and `broken` is "refuse".
        """
        if self._decoded is None:
            self._decoded = self._decode(quiet)
        return self._decoded

    def is_transparent(self) -> bool:
        """Whether any of the images, which have alpha, is transparent somewhere."""
        parts = self.decoded(quiet=False).images.split(_CHUNK)
        return any(bool((part[:, -1] < 255).any()) for part in parts)

    def memory_bytes(self) -> int:
        """Bytes of memory that the images take, if all can be read; 0 if they stay in a file."""
        size = self._most() * math.prod(self._shape)
        return size if size <= self.memory_mib * 2**20 else 0

    @property
    def _shape(self) -> tuple[int, int, int]:
        """The shape (C, H, W) of an image."""
        return self.form.channels, *height_and_width(self.form.image_size)

    def _most(self) -> int:
        """The number of images, if all files can be read."""
        return len(self) if self.limit is None else min(self.limit, len(self))

    def kept(self) -> list[str]:
        """The names of the files whose images are there, in their order."""
        return [self.names[index] for index in self.decoded(quiet=True).table.kept]

    def contents(self) -> list[tuple[str, int, int]]:
        """The name, size and checksum of each file whose image is there, in their order."""
        table = self.decoded(quiet=True).table
        return list(zip(self.kept(), table.sizes, table.checksums, strict=True))

    def report(self) -> None:
        """List what is left out on stderr, at the first call."""
        table = self.decoded(quiet=False).table
        if self._is_reported:
            return
        self._is_reported = True
        lines = list(self._remarks)
        if table.own:
            number = counted(len(table.own), "picture", "that saddle made")
            lines.append(f"{number} in {self.root} left out: {some(table.own)}")
        if table.broken:
            lines.append(f"{len(table.broken)} of the {len(self)} image files in {self.root} are left out:")
            lines += [f"  {printable(name)}: {reason}" for name, reason in table.broken[:SHOWN]]
        if len(table.broken) > SHOWN:
            lines.append(f"  and {len(table.broken) - SHOWN} more")
        if lines:
            print("\n".join(lines), file=sys.stderr)

    def _decode(self, quiet: bool) -> Decoded:
        if not self.memory_bytes():
            return self._from_file(quiet)
        if self._is_worth_keeping():
            try:
                images, table, _ = self._from_file(quiet)
                return Decoded(images.clone(), table)
            except _CacheError as error:
                if not quiet:
                    print(f"warning: {error}; until then images are decoded at each start", file=sys.stderr)
        images = torch.empty((self._most(), *self._shape), dtype=torch.uint8)
        rows = iter(images)
        table = self._decode_each(lambda image: next(rows).copy_(image), quiet)
        return Decoded(images[: len(table.kept)], table)

    def _from_file(self, quiet: bool) -> Decoded:
        """The images in a file in the folder `cache`, which is written unless it exists."""
        path = self.cache / f"{self._fingerprint()}.images"
        decoded = open_cache(path, self._shape)
        if decoded is None:
            try:
                write_cache(path, lambda store: self._decode_each(store, quiet))
            except OSError as error:
                raise _CacheError(
                    f"data.cache={self.cache}: {error.strerror}; choose another folder for the decoded images, or "
                    f"raise data.memory_mib={self.memory_mib}"
                ) from error
            decoded = open_cache(path, self._shape)
            if decoded is None:
                raise _CacheError(f"data.cache={self.cache}: {path.name} was written and cannot be read back")
        self._check_broken(decoded.table)
        return decoded

    def _decode_each(self, store: Callable[[Tensor], object], quiet: bool) -> Table:
        """Call `store` with each readable image, in order, until there are `limit` of them.

        With a limit the order is fixed, so that a larger limit includes the images of a smaller one.
        """
        order = list(range(len(self))) if self.limit is None else fixed_order(len(self), "limit").tolist()
        table = Table([], [], [], [], [])
        begin = 0
        with (
            quiet_pillow(),
            ThreadPoolExecutor(_threads()) as pool,
            tqdm(total=len(order), desc="reading images", unit="image", delay=2, leave=False, disable=quiet) as bar,
        ):
            while begin < len(order) and len(table.kept) != self.limit:
                missing = len(order) if self.limit is None else self.limit - len(table.kept)
                chunk = order[begin : begin + min(_CHUNK, missing)]
                begin += len(chunk)
                for index, picture in zip(chunk, pool.map(self._attempt, chunk), strict=True):
                    self._enter(table, index, picture, store)
                    bar.update()
        self._check_broken(table)
        return table

    def _attempt(self, index: int) -> Picture | BrokenImageError:
        try:
            return read_picture(self.root / self.names[index], self.form)
        except BrokenImageError as error:
            return error

    def _enter(
        self, table: Table, index: int, picture: Picture | BrokenImageError, store: Callable[[Tensor], object]
    ) -> None:
        """Enter one file into the table, and store its image unless saddle made it."""
        if isinstance(picture, BrokenImageError):
            table.broken.append((self.names[index], str(picture)))
        elif picture.is_own:
            table.own.append(self.names[index])
        else:
            store(picture.pixels)
            table.kept.append(index)
            table.sizes.append(picture.size)
            table.checksums.append(picture.checksum)

    def _check_broken(self, table: Table) -> None:
        if not table.kept and not table.broken:
            raise InputError(
                f"{self.setting}={self.root}: saddle made all of its {len(self)} images ({some(table.own)}), and it "
                "does not train on what it made; name the folder with your images"
            )
        if not table.broken or (table.kept and self.broken == "skip"):
            return
        name, reason = table.broken[0]
        first = f"the first is {printable(name)} ({reason})"
        if not table.kept:
            raise InputError(
                f"{self.setting}={self.root}: none of its {len(self)} image files can be read; {first}: repair them, "
                "or name another folder"
            )
        raise InputError(
            f"data.broken=refuse: {len(table.broken)} of the {len(self)} image files in {self.root} cannot be read; "
            f"{first}: repair or remove them, or use data.broken=skip"
        )

    @cached_property
    def _status(self) -> list[tuple[int, int] | None]:
        """The bytes and the time of each file; None for one that cannot be looked at."""
        return [_status_of(self.root / name) for name in self.names]

    def _is_worth_keeping(self) -> bool:
        if len(self) >= _WORTH_FILES:
            return True
        return sum(status[0] for status in self._status if status is not None) >= _WORTH_BYTES

    def _fingerprint(self) -> str:
        """A name for the decoded images, which depends on the settings and on the name, size and time of every file.

        It depends on the content of some files, too: uncompressed images from archives without times are alike in all
        the rest, and one folder would get the images of another.
        """
        key: list[Any] = [__version__, PIL.__version__, vars(self.form), self.limit]
        key += [[name, status] for name, status in zip(self.names, self._status, strict=True)]
        key += [_checksum_of(self.root / name) for name in self.names[:: math.ceil(len(self) / _PROBES)]]
        return blake2b(json.dumps(key).encode(), digest_size=16).hexdigest()


def _status_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _checksum_of(path: Path) -> int | None:
    """The CRC-32 of a file; None for what is no file (a pipe would hang) or cannot be read."""
    try:
        return zlib.crc32(path.read_bytes()) if path.is_file() else None
    except OSError:
        return None


def _threads() -> int:
    """The number of threads that decode; Pillow computes outside of Python's lock."""
    return usable_cores()
