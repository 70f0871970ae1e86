"""Decoded images in a file, for folders too big for memory.

The file holds the pixels one image after another, then a table (JSON) of which images they are and which could not be
read, then the table's length (8 bytes, little endian).
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
    """What came of a list of files: the indices of the images `kept`, in order, and (name, reason) of the `broken`."""

    kept: list[int]
    broken: list[tuple[str, str]]


class Decoded(NamedTuple):
    """Images uint8 (M, C, H, W), their table, and, if they stay in a file, their prefetch callback."""

    images: Tensor
    table: Table
    prefetch: Prefetch | None = None


def write_cache(path: Path, decode: Callable[[Callable[[Tensor], None]], Table]) -> None:
    """Make the file: `decode` is given a function to hand over each image (C, H, W), and returns their table.

    It is written beside its place, synced and moved there: whatever happens, `path` is whole or as it was before.
    Raises OSError where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    checksum = 0
    with replacing(path) as temporary, temporary.open("wb") as file:

        def keep(image: Tensor) -> None:
            nonlocal checksum
            content = image.numpy().tobytes()
            checksum = zlib.crc32(content, checksum)
            file.write(content)

        table = decode(keep)
        text = json.dumps({**table._asdict(), "checksum": checksum}).encode()
        file.write(text + len(text).to_bytes(8, "little"))
        file.flush()
        os.fsync(file.fileno())


def open_cache(path: Path, shape: tuple[int, int, int]) -> Decoded | None:
    """Images of `shape` (C, H, W), which stay in the file until they are used; None if there is no sound file.

    The file is read through once, for its checksum.
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
    """The table, the checksum that it gives, and the number of bytes before it."""
    with path.open("rb") as file:
        end = file.seek(-8, os.SEEK_END)
        size = int.from_bytes(file.read(8), "little")
        length = file.seek(end - size)
        content = json.loads(file.read(size))
    broken = [(name, reason) for name, reason in content["broken"]]
    return Table(content["kept"], broken), content["checksum"], length


def _checksum(path: Path, length: int) -> int:
    checksum = 0
    with path.open("rb") as file:
        while length > 0 and (part := file.read(min(length, _CHUNK))):
            checksum = zlib.crc32(part, checksum)
            length -= len(part)
    return checksum
