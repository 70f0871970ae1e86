"""Changes of color as matrices, with the ranges of Karras et al. 2020, appendix B (arXiv 2006.06676).

Each takes numbers in [0, 1), (N, 2), and gives the matrix (N, 4, 4) that leads from (red, green, blue, 1), each in
[-1, 1], to the new color. Brightness and contrast are a gain and an offset of every channel alone.
"""

import math

import torch
from torch import Tensor

from saddle.augmentation.matrix import matrix, normal


def brightness(numbers: Tensor) -> Tensor:
    """A number added to every channel: normal with standard deviation 0.2."""
    added = 0.2 * normal(numbers[:, 0])
    return matrix((1.0, 0.0, 0.0, added), (0.0, 1.0, 0.0, added), (0.0, 0.0, 1.0, added), (0.0, 0.0, 0.0, 1.0))


def contrast(numbers: Tensor) -> Tensor:
    """Every channel multiplied around mid-gray (0): log2 of the factor is normal with standard deviation 0.5."""
    gain = torch.exp2(0.5 * normal(numbers[:, 0]))
    return matrix((gain, 0.0, 0.0, 0.0), (0.0, gain, 0.0, 0.0), (0.0, 0.0, gain, 0.0), (0.0, 0.0, 0.0, 1.0))


def luma_flip(numbers: Tensor) -> Tensor:
    """Light and dark exchanged, hue and saturation kept, in half of the cases."""
    factor = 1 - 2 * (2 * numbers[:, 0]).floor()
    return _about_gray(along=factor, across=torch.ones_like(factor), turned=torch.zeros_like(factor))


def hue(numbers: Tensor) -> Tensor:
    """Colors turned around the axis of grays by any angle."""
    angle = (2 * numbers[:, 0] - 1) * math.pi
    return _about_gray(along=torch.ones_like(angle), across=angle.cos(), turned=angle.sin())


def saturation(numbers: Tensor) -> Tensor:
    """The distance from gray multiplied: log2 of the factor is normal with standard deviation 1."""
    factor = torch.exp2(normal(numbers[:, 0]))
    return _about_gray(along=torch.ones_like(factor), across=factor, turned=torch.zeros_like(factor))


def mixed(images: Tensor, change: Tensor) -> Tensor:
    """Images (N, 3, H, W) with each color multiplied by `change` (N, 4, 4), element by element (see matrix.py)."""
    return (change[:, :3, :3, None, None] * images.unsqueeze(1)).sum(2) + change[:, :3, 3, None, None]


def relit(images: Tensor, change: Tensor) -> Tensor:
    """Images (N, C, H, W) with the gain and offset of a `change` (N, 4, 4) that mixes no channels."""
    return images * change[:, 0, 0, None, None, None] + change[:, 0, 3, None, None, None]


def _about_gray(along: Tensor, across: Tensor, turned: Tensor) -> Tensor:
    """The matrix that multiplies the gray part by `along` and turns what is across by the angle whose cosine and sine
    are `across` and `turned` (Rodrigues' formula about (1, 1, 1) / sqrt(3)).
    """
    same = (along + 2 * across) / 3
    third = (along - across) / 3
    swing = turned / math.sqrt(3)
    return matrix(
        (same, third - swing, third + swing, 0.0),
        (third + swing, same, third - swing, 0.0),
        (third - swing, third + swing, same, 0.0),
        (0.0, 0.0, 0.0, 1.0),
    )
