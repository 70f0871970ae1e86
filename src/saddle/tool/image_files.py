"""Images that a person gives in files: a folder of image files, or an npz."""

import sys
import zipfile
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from saddle.bound import ImageSize, height_and_width
from saddle.data.image_file import FORMATS, BrokenImageError, Form, read_image
from saddle.data.image_search import Search, search
from saddle.error import InputError


def searched(folder: Path) -> Search:
    """The image files below a folder, as a data set finds them; raises InputError if it cannot be read."""
    try:
        return search(folder)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}; make the folder readable") from error


def read_images(path: Path, channels: int, image_size: ImageSize, num: int | None) -> Tensor:
    """uint8 images (N, C, H, W), the first `num` of them where that is given.

    An npz has one array `images`, uint8 (N, H, W, C); image files are all of one size. Height and width have the
    proportions of `image_size`, that of the data. Raises InputError, naming the file, for anything else.
    """
    images = _from_array(path) if path.suffix == ".npz" else _from_folder(path, channels, image_size)
    if images.shape[1] != channels:
        raise InputError(f"{path}: expected images with {channels} channels, found {images.shape[1]}")
    _check_proportions(path, (images.shape[2], images.shape[3]), image_size)
    if num is not None and num > len(images):
        raise InputError(f"--num {num}: {path} holds {len(images)} images")
    if len(images) < 100:
        raise InputError(f"{path}: {len(images)} images are too few to measure: use at least 100, better 10,000")
    return images[:num]


def _from_array(path: Path) -> Tensor:
    try:
        with np.load(path, allow_pickle=False) as content:
            images = content["images"]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: expected an npz with an array `images` ({error})") from error
    if images.dtype != np.uint8 or images.ndim != 4:
        raise InputError(f"{path}: expected `images` as uint8 (N, H, W, C), found {images.dtype} {images.shape}")
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def _from_folder(path: Path, channels: int, image_size: ImageSize) -> Tensor:
    if channels not in (1, 3, 4):
        raise InputError(f"{path}: image files have 1, 3 or 4 channels, and the data has {channels}: use an npz")
    found = searched(path)
    for remark in found.remarks(path):
        print(remark, file=sys.stderr)
    files = [path / name for name in found.names]
    size = _size(files[0])
    form = Form(size, cast(Literal[1, 3, 4], channels), fit="stretch", background=0)
    images = []
    for file in files:
        own = _size(file)
        _check_proportions(file, own, image_size)
        if own != size:
            pixels = f"{size[1]} x {size[0]} pixels"
            raise InputError(f"{file}: expected {pixels}, as {files[0].name} has: bring all to one size")
        try:
            images.append(read_image(file, form))
        except BrokenImageError as error:
            raise InputError(f"{file}: {error}") from error
    return torch.stack(images)


def _size(file: Path) -> tuple[int, int]:
    """Height and width of an image file; raises InputError for other files."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            return image.height, image.width
    except UnidentifiedImageError as error:
        raise InputError(f"{file}: none of {', '.join(FORMATS)}") from error
    except Exception as error:  # on damaged files Pillow raises whatever its parsers stumble over
        raise InputError(f"{file}: {error}") from error


def _check_proportions(path: Path, size: tuple[int, int], image_size: ImageSize) -> None:
    """Raise InputError unless images in `path` of this `size`, height and width, look like those of `image_size`."""
    height, width = height_and_width(image_size)
    if size[0] * width == size[1] * height:
        return
    expected = "a square image" if height == width else f"the proportions of data.image_size={[height, width]}"
    raise InputError(f"{path}: expected {expected}, found {size[1]} x {size[0]} pixels")
