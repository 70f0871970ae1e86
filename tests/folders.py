"""Folders of images, and what ImageFolder reads in them."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from saddle.data.image_folder import ImageFolder


def gray_images(root: Path) -> Path:
    """`root`, now with twelve gray images of 8x8 pixels, each of its own level, in two folders of six."""
    for index in range(12):
        place = root / ("cats" if index % 2 else "dogs")
        place.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 20 * index).save(place / f"{index:02d}.png")
    return root


def data_of(root, **changes) -> ImageFolder:
    settings = {"image_size": 8, "channels": 1, "classes": 0, "batch_size": 2, "seed": 0}
    return ImageFolder(str(root), **{**settings, **changes})


def read(root, **changes) -> ImageFolder:
    data = data_of(root, **changes)
    data.prepare_data()
    data.read()
    return data


def levels(data: ImageFolder) -> list[int]:
    images, _ = data._read
    assert images.shape[1:] == (1, 8, 8)
    assert torch.equal(images, images[:, :, :1, :1].expand_as(images))
    return images[:, 0, 0, 0].tolist()


def set_up(data: ImageFolder, rank: int = 0, world_size: int = 1):
    return data.loader(rank, world_size)


def spoil(root, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("this is no image")


def noisy(folder) -> None:
    random = np.random.default_rng(0)
    for path in folder.rglob("*.png"):
        Image.fromarray(random.integers(0, 256, (11, 13, 3), dtype=np.uint8)).save(path)
