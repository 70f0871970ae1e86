"""Domains of the same digits: deterministic changes of bright strokes on black."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, max_pool2d

Domain = Literal["plain", "thin", "thick", "inverted", "slanted"]

SLANT = 0.4
"""How far `slanted` moves the top to the right, and the bottom to the left, per unit of height from the middle."""


def changed(images: Tensor, domain: Domain) -> Tensor:
    """uint8 images (N, C, H, W) as they look in `domain`, same shape; a pure function, with no chance in it.

    - plain: as they are.
    - thick: gray dilation, each pixel becomes the brightest of itself and its four neighbors: strokes grow by a pixel
      on each side. With all eight neighbors small loops would close.
    - thin: gray erosion by the same five pixels plus the white top-hat (what erosion followed by dilation, the opening,
      takes away): thick strokes lose a pixel on each side, and strokes that erosion alone would erase stay. It is one
      step of Lantuejoul's skeleton (Serra 1982, Image Analysis and Mathematical Morphology, chapter 11), and never
      brighter than the image.
    - inverted: 255 minus the image.
    - slanted: a shear by `SLANT` (21.8 degrees) to the right around the middle, bilinear, black from outside.
    """
    return _in_parts(_CHANGES[domain], images)


def readable(images: Tensor, domain: Domain) -> Tensor:
    """uint8 images (N, C, H, W) of `domain` as a reader of plain ones expects them, same shape.

    inverted: inverted again, exactly what it was; slanted: the opposite shear, which smooths a little; all others stay.
    """
    return _in_parts(_BACK[domain], images) if domain in _BACK else images


def _in_parts(change: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    parts = [change(part.float()).round_().clamp_(0, 255).to(torch.uint8) for part in images.split(4096)]
    return torch.cat(parts)


def _dilated(images: Tensor) -> Tensor:
    rows = max_pool2d(images, (1, 3), stride=1, padding=(0, 1))
    return torch.maximum(rows, max_pool2d(images, (3, 1), stride=1, padding=(1, 0)))


def _thinned(images: Tensor) -> Tensor:
    eroded = 255 - _dilated(255 - images)
    return eroded + (images - _dilated(eroded))


def _inverted(images: Tensor) -> Tensor:
    return 255 - images


def _sheared(images: Tensor, slant: float) -> Tensor:
    """Each row moved to the right by `slant` times its height above the middle."""
    # the grid says where each place is taken from, in coordinates from -1 to 1, downwards; images are square
    matrix = torch.tensor([[1.0, slant, 0.0], [0.0, 1.0, 0.0]]).expand(len(images), 2, 3)
    return grid_sample(images, affine_grid(matrix, list(images.shape), align_corners=False), align_corners=False)


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
