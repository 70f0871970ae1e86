"""Reads and checks idx files, the format of MNIST (LeCun et al. 1998)."""

import math
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddle.error import InputError

_IMAGES_MAGIC, _LABELS_MAGIC = 2051, 2049  # unsigned bytes in three and in one dimension
_KIND = {_IMAGES_MAGIC: "images", _LABELS_MAGIC: "labels"}


def _header(path: Path, magic: int) -> tuple[int, ...]:
    """The dimensions in the file's header, after a check of its magic number and its length."""
    dimensions = magic & 0xFF
    length = 4 + 4 * dimensions
    with path.open("rb") as file:
        head = file.read(length)
    if len(head) < length:
        raise InputError(f"{path}: expected an idx header of {length} bytes, found {len(head)}: fetch the file again")
    number, *shape = struct.unpack(f">{1 + dimensions}I", head)
    if number != magic:
        kind = f" (idx {_KIND[number]})" if number in _KIND else ""
        remedy = "unpack it, it is a gzip file" if head.startswith(b"\x1f\x8b") else "fetch the file again"
        raise InputError(f"{path}: expected magic number {magic} (idx {_KIND[magic]}), found {number}{kind}: {remedy}")
    expected = length + math.prod(shape)
    size = path.stat().st_size
    if size != expected:
        raise InputError(
            f"{path}: expected {expected} bytes for {' x '.join(map(str, shape))}, found {size}: fetch the file again"
        )
    return tuple(shape)


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
    return _content(images, _IMAGES_MAGIC), _content(labels, _LABELS_MAGIC).long()


def _content(path: Path, magic: int) -> Tensor:
    shape = _header(path, magic)
    values = np.fromfile(path, dtype=np.uint8, offset=4 + 4 * len(shape))
    return torch.from_numpy(values).view(shape)
