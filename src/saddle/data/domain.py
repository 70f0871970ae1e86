"""Domains of the same digits: deterministic changes to bright strokes on a black background."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, max_pool2d

from saddle.data.resize import in_parts

Domain = Literal["plain", "thin", "thick", "inverted", "slanted"]

SLANT = 0.4
"""The shear of `slanted`: pixels to the right per pixel above the middle, and to the left per pixel below it."""


def changed(images: Tensor, domain: Domain) -> Tensor:
    """uint8 images (N, C, H, W) as they look in `domain`, same shape; deterministic.

    - plain: unchanged.
    - thick: gray dilation. Each pixel becomes the brightest of itself and its four neighbors, so strokes grow by a
      pixel on each side. With all eight neighbors, small loops would close.
    - thin: gray erosion by the same five pixels, plus the white top-hat (the image minus its opening, which is erosion
      followed by dilation). Thick strokes lose a pixel on each side, and strokes that erosion alone would erase stay.
      This is one step of Lantuejoul's skeleton (Serra 1982, Image Analysis and Mathematical Morphology, chapter 11),
      and never brighter than the image.
    - inverted: 255 minus the image.
    - slanted: a shear by `SLANT` (21.8 degrees) to the right around the middle, bilinear, with black outside.
    """
    return in_parts(_CHANGES[domain], images)


def readable(images: Tensor, domain: Domain) -> Tensor:
    """uint8 images (N, C, H, W) of `domain` in the form that a classifier of plain digits expects, same shape.

    Inverted images are inverted again, which restores them exactly. Slanted images are sheared back, which smooths them
    a little. All others stay unchanged.
    """
    if domain not in _BACK:
        return images
    return in_parts(_BACK[domain], images)


def _dilated(images: Tensor) -> Tensor:
    rows = max_pool2d(images, (1, 3), stride=1, padding=(0, 1))
    return torch.maximum(rows, max_pool2d(images, (3, 1), stride=1, padding=(1, 0)))


def _thinned(images: Tensor) -> Tensor:
    eroded = 255 - _dilated(255 - images)
    return eroded + (images - _dilated(eroded))


def _inverted(images: Tensor) -> Tensor:
    return 255 - images


def _sheared(images: Tensor, slant: float) -> Tensor:
    """Each row shifted to the right by `slant` times its height above the middle."""
    # The grid holds, for each position of the result, the position to read, in coordinates from -1 to 1, downwards.
    matrix = torch.tensor([[1.0, slant, 0.0], [0.0, 1.0, 0.0]]).expand(len(images), 2, 3)
    grid = affine_grid(matrix, list(images.shape), align_corners=False)
    return grid_sample(images, grid, align_corners=False)


_CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": lambda images: images,
    "thick": _dilated,
    "thin": _thinned,
    "inverted": _inverted,
    "slanted": lambda images: _sheared(images, SLANT),
}
_BACK: dict[str, Callable[[Tensor], Tensor]] = {
    "inverted": _inverted,
    "slanted": lambda images: _sheared(images, -SLANT),
}
