"""Geometric changes as matrices, with the ranges of Karras et al. 2020, appendix B (arXiv 2006.06676).

Each function turns numbers (N, 2), uniform in [0, 1), and the size of the images in pixels into matrices (N, 3, 3).
They map a position (right, down, 1) in the result back to the position in the image that is shown there.
"""

import math

import torch
from torch import Tensor

from saddle.augmentation.base import whole
from saddle.augmentation.matrix import matrix, normal
from saddle.bound import ImageSize, height_and_width

_SCALE = 0.2  # standard deviation of log2 of a factor
_SHIFT = 1 / 8  # fraction of a side: largest whole shift, and standard deviation of the fractional shift


def flip(numbers: Tensor, image_size: ImageSize) -> Tensor:
    """Exchanges left and right in half of the cases."""
    sign = 1.0 - 2.0 * whole(numbers[:, 0], 0, 1)
    return _scaling(sign, 1.0)


def quarter_turn(numbers: Tensor, image_size: ImageSize) -> Tensor:
    """Rotates by 0, 1, 2 or 3 quarter turns to the right, equally likely."""
    turns = whole(numbers[:, 0], 0, 3)
    cosine = numbers.new_tensor([1.0, 0.0, -1.0, 0.0])[turns]  # exact, unlike torch.cos
    sine = numbers.new_tensor([0.0, 1.0, 0.0, -1.0])[turns]
    return _rotation(cosine, sine)


def translation(numbers: Tensor, image_size: ImageSize) -> Tensor:
    """Shifts by whole pixels, up to an eighth of each side."""
    return _translation(_pixels(_SHIFT * (2 * numbers - 1), image_size).round())


def scale(numbers: Tensor, image_size: ImageSize) -> Tensor:
    """Scales both axes by one factor: its log2 is normal, standard deviation 0.2."""
    factor = torch.exp2(-_SCALE * normal(numbers[:, 0]))
    return _scaling(factor, factor)


def rotation(numbers: Tensor, image_size: ImageSize, degrees: float) -> Tensor:
    """Rotates by an angle uniform within `degrees` to either side; to the right for numbers above one half."""
    angle = (2 * numbers[:, 0] - 1) * math.radians(degrees)
    return _rotation(angle.cos(), angle.sin())


def stretch(numbers: Tensor, image_size: ImageSize) -> Tensor:
    """Scales one axis by a factor and the other by its inverse: its log2 is normal, standard deviation 0.2."""
    logarithm = _SCALE * normal(numbers[:, 0])
    return _scaling(torch.exp2(-logarithm), torch.exp2(logarithm))


def fractional_translation(numbers: Tensor, image_size: ImageSize) -> Tensor:
    """Shifts by any distance: normal in both directions, standard deviation an eighth of the side in each."""
    return _translation(_pixels(_SHIFT * normal(numbers), image_size))


def _pixels(shares: Tensor, image_size: ImageSize) -> Tensor:
    """Shares of width and height, (N, 2), in pixels."""
    height, width = height_and_width(image_size)
    return torch.stack([shares[:, 0] * width, shares[:, 1] * height], 1)


def _scaling(right: Tensor, down: Tensor | float) -> Tensor:
    return matrix((right, 0.0, 0.0), (0.0, down, 0.0), (0.0, 0.0, 1.0))


def _rotation(cosine: Tensor, sine: Tensor) -> Tensor:
    return matrix((cosine, sine, 0.0), (-sine, cosine, 0.0), (0.0, 0.0, 1.0))


def _translation(pixels: Tensor) -> Tensor:
    return matrix((1.0, 0.0, -pixels[:, 0]), (0.0, 1.0, -pixels[:, 1]), (0.0, 0.0, 1.0))
