"""Reads and checks idx files, the format of MNIST (LeCun et al. 1998), plain or packed by gzip."""

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import torch
from torch import Tensor

from saddle.error import InputError

PACKED = ".gz"
"""The usual ending of a packed file."""

_ARCHIVES = (b"PK\3\4", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
"""The first bytes of files in which others are packed, other than by gzip."""

_IMAGES_MAGIC, _LABELS_MAGIC = 2051, 2049  # unsigned bytes in three and in one dimension
_KIND = {_IMAGES_MAGIC: "images", _LABELS_MAGIC: "labels"}


def _is_packed(path: Path) -> bool:
    """Whether a file is packed, by its content: browsers unpack files and leave their names, or the other way round."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The unpacked content; inside, an error of the file or of its packing becomes an InputError that names it."""
    try:
        if _is_packed(path):
            with gzip.open(path) as packed:
                yield cast(BinaryIO, packed)
        else:
            with path.open("rb") as file:
                yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path}: expected a sound gzip file, found another ({error}): fetch the file again"
        ) from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; make the file readable") from error


def _length(path: Path) -> int:
    """The number of bytes of the unpacked content; of a packed file as it says itself, modulo 2 ** 32."""
    if not _is_packed(path):
        return path.stat().st_size
    with path.open("rb") as file:
        file.seek(-4, 2)
        return int.from_bytes(file.read(4), "little")


def _header(path: Path, magic: int) -> tuple[int, ...]:
    """The dimensions in the file's header, after a check of its magic number and its length."""
    dimensions = magic & 0xFF
    length = 4 + 4 * dimensions
    with _opened(path) as file:
        head = file.read(length)
        size = _length(path)
    if len(head) < length:
        raise InputError(f"{path}: expected an idx header of {length} bytes, found {len(head)}: fetch the file again")
    number, *shape = struct.unpack(f">{1 + dimensions}I", head)
    if number != magic:
        kind = f" (idx {_KIND[number]})" if number in _KIND else ""
        remedy = "unpack it, it is an archive" if head.startswith(_ARCHIVES) else "fetch the file again"
        raise InputError(f"{path}: expected magic number {magic} (idx {_KIND[magic]}), found {number}{kind}: {remedy}")
    _check_length(path, shape, length, size)
    return tuple(shape)


def _check_length(path: Path, shape: list[int], header: int, found: int) -> None:
    expected = header + math.prod(shape)
    if found != expected:
        raise InputError(
            f"{path}: expected {expected} bytes for {' x '.join(map(str, shape))}, found {found}: fetch the file again"
        )


def check_idx_pair(images: Path, labels: Path) -> int:
    """The number of images that both files hold.

    Raises InputError, naming the file, what was expected and what was found, if a file is missing, truncated, of
    another kind, empty, or if the two do not have one label per image.
    """
    for path in (images, labels):
        if not path.is_file():
            raise InputError(f"{path}: expected a file, found none")
    shape, (label_count,) = _header(images, _IMAGES_MAGIC), _header(labels, _LABELS_MAGIC)
    count = shape[0]
    if count == 0:
        raise InputError(f"{images}: expected images, found 0")
    if 0 in shape:
        raise InputError(f"{images}: expected images with pixels, found {' x '.join(map(str, shape))}")
    if count != label_count:
        raise InputError(f"{labels}: expected {count} labels, one per image of {images.name}, found {label_count}")
    return count


def read_idx_pair(images: Path, labels: Path) -> tuple[Tensor, Tensor]:
    """Images, uint8 (M, H, W), and labels, int64 (M,), of two files that `check_idx_pair` accepts."""
    check_idx_pair(images, labels)
    return _content(images, _IMAGES_MAGIC), read_labels(labels)


def read_labels(path: Path, number: int | None = None) -> Tensor:
    """The first `number` labels of a file, or all, int64 (M,)."""
    return _content(path, _LABELS_MAGIC)[:number].long()


def _content(path: Path, magic: int) -> Tensor:
    shape = list(_header(path, magic))
    header = 4 + 4 * len(shape)
    with _opened(path) as file:
        file.seek(header)
        content = file.read(math.prod(shape) + 1)  # one more, which would be too many
    _check_length(path, shape, header, header + len(content))
    return torch.from_numpy(np.frombuffer(bytearray(content), dtype=np.uint8)).view(shape)
