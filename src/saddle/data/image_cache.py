"""Decoded images in a file, for folders that are too big for memory.

The file holds the pixels, one image after another; then a table (JSON) of the images in it and of the files that could
not be read; then the length of the table (8 bytes, little endian).
"""

import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from saddle.data.mapped import Prefetch, mapped
from saddle.file import replacing

_CHUNK = 1 << 24


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


def open_cache(path: Path, shape: tuple[int, int, int]) -> Decoded | None:
    """Images of `shape` (C, H, W), which stay in the file until they are used; None if it is missing or damaged.

    The whole file is read once, to verify its checksum.
    """
    try:
        table, checksum, length = _table(path)
        if length != len(table.kept) * shape[0] * shape[1] * shape[2] or checksum != _checksum(path, length):
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


def _checksum(path: Path, length: int) -> int:
    """The CRC-32 of the first `length` bytes."""
    checksum = 0
    with path.open("rb") as file:
        while length > 0:
            chunk = file.read(min(length, _CHUNK))
            if not chunk:
                break
            checksum = zlib.crc32(chunk, checksum)
            length -= len(chunk)
    return checksum
