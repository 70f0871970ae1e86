"""Geometric changes as matrices, with the ranges of Karras et al. 2020, appendix B (arXiv 2006.06676).

Each takes numbers in [0, 1), (N, 2), and the side of the images in pixels, and gives the matrix (N, 3, 3) that leads
from a place (right, down, 1) in the result back to the place in the image that is seen there.
"""

import math

import torch
from torch import Tensor

from saddle.augmentation.base import whole
from saddle.augmentation.matrix import matrix, normal

_SCALE = 0.2  # standard deviation of log2 of a factor
_SHIFT = 1 / 8  # of the side: the largest whole shift, and the standard deviation of the fractional one


def flip(numbers: Tensor, side: int) -> Tensor:
    """Left and right exchanged in half of the cases."""
    sign = 1.0 - 2.0 * whole(numbers[:, 0], 0, 1)
    return _scaling(sign, 1.0)


def quarter_turn(numbers: Tensor, side: int) -> Tensor:
    """0, 1, 2 or 3 quarter turns to the right, equally likely."""
    turns = whole(numbers[:, 0], 0, 3)
    cosine = numbers.new_tensor([1.0, 0.0, -1.0, 0.0])[turns]  # exactly, which torch.cos is not
    sine = numbers.new_tensor([0.0, 1.0, 0.0, -1.0])[turns]
    return _rotation(cosine, sine)


def translation(numbers: Tensor, side: int) -> Tensor:
    """A shift by whole pixels, up to an eighth of the side each way."""
    pixels = ((2 * numbers - 1) * (_SHIFT * side)).round()
    return _translation(pixels)


def scale(numbers: Tensor, side: int) -> Tensor:
    """Both axes by one factor: log2 is normal with standard deviation 0.2."""
    factor = torch.exp2(-_SCALE * normal(numbers[:, 0]))
    return _scaling(factor, factor)


def rotation(numbers: Tensor, side: int, degrees: float) -> Tensor:
    """A turn by any angle within `degrees` to either side, right for numbers above one half."""
    angle = (2 * numbers[:, 0] - 1) * math.radians(degrees)
    return _rotation(angle.cos(), angle.sin())


def stretch(numbers: Tensor, side: int) -> Tensor:
    """One axis by a factor, the other by its inverse: log2 is normal with standard deviation 0.2."""
    logarithm = _SCALE * normal(numbers[:, 0])
    return _scaling(torch.exp2(-logarithm), torch.exp2(logarithm))


def fractional_translation(numbers: Tensor, side: int) -> Tensor:
    """A shift by any distance: normal with a standard deviation of an eighth of the side."""
    return _translation(_SHIFT * side * normal(numbers))


def _scaling(right: Tensor, down: Tensor | float) -> Tensor:
    return matrix((right, 0.0, 0.0), (0.0, down, 0.0), (0.0, 0.0, 1.0))


def _rotation(cosine: Tensor, sine: Tensor) -> Tensor:
    return matrix((cosine, sine, 0.0), (-sine, cosine, 0.0), (0.0, 0.0, 1.0))


def _translation(pixels: Tensor) -> Tensor:
    return matrix((1.0, 0.0, -pixels[:, 0]), (0.0, 1.0, -pixels[:, 1]), (0.0, 0.0, 1.0))
