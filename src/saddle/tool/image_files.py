"""Images that a person gives in files: a folder of PNGs, or an npz."""

import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddle.data.image_file import BrokenImageError, Form, read_image
from saddle.error import InputError


def read_images(path: Path, channels: int, num: int | None) -> Tensor:
    """uint8 images (N, C, H, W), the first `num` of them where that is given.

    An npz has one array `images`, uint8 (N, H, W, C); PNG files are all of one square size. Raises InputError, naming
    the file, for anything else.
    """
    images = _from_array(path) if path.suffix == ".npz" else _from_folder(path, channels)
    if images.shape[1] != channels or images.shape[2] != images.shape[3]:
        raise InputError(f"{path}: expected square images with {channels} channels, found {tuple(images.shape[1:])}")
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


def _from_folder(path: Path, channels: int) -> Tensor:
    from PIL import Image

    files = sorted(path.glob("*.png"))
    with Image.open(files[0]) as first:
        size = first.size
    form = Form(image_size=size[0], channels=channels, fit="stretch", background=0)
    images = []
    for file in files:
        try:
            images.append(read_image(file, form))
        except BrokenImageError as error:
            raise InputError(f"{file}: {error}") from error
    return torch.stack(images)
