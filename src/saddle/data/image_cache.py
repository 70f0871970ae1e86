"""Decoded images in a file, for folders that are too big for memory.

The file holds the pixels, one image after another; then a table (JSON) of the images in it and of the files that could
not be read; then the length of the table (8 bytes, little endian).
"""

import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from torch import Tensor
from tqdm import tqdm

from saddle.data.mapped import Prefetch, mapped
from saddle.file import replacing

_CHUNK = 1 << 24
_ANYBODY = 0o666  # the permissions of a lock: whoever may write into the folder may take it
_SILENT_SECONDS = 2.0


class Table(NamedTuple):
    """The result of decoding a list of files."""

    kept: list[int]
    """The places in the list of the files whose images are there, in their order."""
    sizes: list[int]
    """The bytes of each of these files."""
    checksums: list[int]
    """The CRC-32 of each of these files."""
    broken: list[tuple[str, str]]
    """The names of files that hold no sound image, and the reasons."""
    own: list[str]
    """The names of files whose image saddle made."""


class Decoded(NamedTuple):
    """Images uint8 (M, C, H, W), their table, and, if they stay in a file, their prefetch callback."""

    images: Tensor
    table: Table
    prefetch: Prefetch | None = None


def write_cache(path: Path, decode: Callable[[Callable[[Tensor], None]], Table]) -> None:
    """Write the file. `decode` is called with a function that stores one image (C, H, W), and returns the table.

    The content is written to a temporary file, synced, and renamed, so that `path` is always either complete or
    unchanged. Raises OSError if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    checksum = 0
    with replacing(path) as temporary, temporary.open("wb") as file:

        def store(image: Tensor) -> None:
            nonlocal checksum
            content = image.numpy().tobytes()
            checksum = zlib.crc32(content, checksum)
            file.write(content)

        table = decode(store)
        text = json.dumps({**table._asdict(), "checksum": checksum}).encode()
        file.write(text + len(text).to_bytes(8, "little"))
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def alone(path: Path, quiet: bool) -> Iterator[None]:
    """Inside, no other process of this machine is about to write the file: they wait until this one has left.

    So jobs that start together decode a folder once. A message on stderr says so unless `quiet`. The lock ends with its
    process, however that ends. In a folder that cannot be written, or has no locks, nobody waits.
    """
    lock = FileLock(path.with_name(f".{path.stem}.lock"), mode=_ANYBODY, fallback_to_soft=False)
    with suppress(OSError):  # whatever is written there next reports it
        path.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, quiet)
    try:
        yield
    finally:
        if lock.is_locked:
            with suppress(OSError):  # Windows keeps a file that is open; there `release` removes it
                Path(lock.lock_file).unlink()
            lock.release()


def _acquire(lock: FileLock, quiet: bool) -> None:
    try:
        lock.acquire(timeout=_SILENT_SECONDS)
    except Timeout:
        if not quiet:
            print("another process is reading these images: waiting for its result", file=sys.stderr, flush=True)
        lock.acquire()


def open_cache(path: Path, shape: tuple[int, int, int], quiet: bool = True) -> Decoded | None:
    """Images of `shape` (C, H, W), which stay in the file until they are used; None if it is missing or damaged.

    The whole file is read once, to verify its checksum, with a bar unless `quiet`.
    """
    try:
        table, checksum, length = _table(path)
        if length != len(table.kept) * shape[0] * shape[1] * shape[2]:
            return None
        if checksum != _checksum(path, length, quiet):
            return None
        images, prefetch = mapped(path, (len(table.kept), *shape))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Decoded(images, table, prefetch)


def _table(path: Path) -> tuple[Table, int, int]:
    """The table, the checksum stored with it, and the number of bytes in front of it."""
    with path.open("rb") as file:
        end = file.seek(-8, os.SEEK_END)
        size = int.from_bytes(file.read(8), "little")
        length = file.seek(end - size)
        content = json.loads(file.read(size))
    broken = [(name, reason) for name, reason in content["broken"]]
    table = Table(content["kept"], content["sizes"], content["checksums"], broken, content["own"])
    return table, content["checksum"], length


def _checksum(path: Path, length: int, quiet: bool) -> int:
    """The CRC-32 of the first `length` bytes."""
    checksum = 0
    title = "checking decoded images"
    with (
        path.open("rb") as file,
        tqdm(total=length, desc=title, unit="B", unit_scale=True, delay=2, leave=False, disable=quiet) as bar,
    ):
        while length > 0:
            chunk = file.read(min(length, _CHUNK))
            if not chunk:
                break
            checksum = zlib.crc32(chunk, checksum)
            length -= len(chunk)
            bar.update(len(chunk))
    return checksum
