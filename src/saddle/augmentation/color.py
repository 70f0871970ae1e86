"""Changes of color as matrices, with the ranges of Karras et al. 2020, appendix B (arXiv 2006.06676).

Each function turns numbers (N, 2), uniform in [0, 1), into matrices (N, 4, 4) that map (red, green, blue, 1) to the
new color; colors are in [-1, 1]. Brightness and contrast treat every channel alone, with one gain and one offset.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from saddle.alpha import has_alpha
from saddle.augmentation.matrix import matrix, normal

Opacity = Tensor | float
"""Alpha in [0, 1], (N, 1, H, W), or 1."""


def brightness(numbers: Tensor) -> Tensor:
    """Adds one number to every channel: normal with standard deviation 0.2."""
    added = 0.2 * normal(numbers[:, 0])
    return matrix((1.0, 0.0, 0.0, added), (0.0, 1.0, 0.0, added), (0.0, 0.0, 1.0, added), (0.0, 0.0, 0.0, 1.0))


def contrast(numbers: Tensor) -> Tensor:
    """Multiplies every channel by one factor, around mid-gray (0): its log2 is normal, standard deviation 0.5."""
    gain = torch.exp2(0.5 * normal(numbers[:, 0]))
    return matrix((gain, 0.0, 0.0, 0.0), (0.0, gain, 0.0, 0.0), (0.0, 0.0, gain, 0.0), (0.0, 0.0, 0.0, 1.0))


def luma_flip(numbers: Tensor) -> Tensor:
    """Exchanges light and dark, without changing hue and saturation, in half of the cases."""
    factor = 1 - 2 * (2 * numbers[:, 0]).floor()
    return _about_gray(along=factor, across=torch.ones_like(factor), turned=torch.zeros_like(factor))


def hue(numbers: Tensor) -> Tensor:
    """Rotates colors around the axis of grays by any angle."""
    angle = (2 * numbers[:, 0] - 1) * math.pi
    return _about_gray(along=torch.ones_like(angle), across=angle.cos(), turned=angle.sin())


def saturation(numbers: Tensor) -> Tensor:
    """Multiplies the distance from gray by a factor: its log2 is normal, standard deviation 1."""
    factor = torch.exp2(normal(numbers[:, 0]))
    return _about_gray(along=torch.ones_like(factor), across=factor, turned=torch.zeros_like(factor))


def mixed(images: Tensor, change: Tensor) -> Tensor:
    """Images (N, 3, H, W) whose colors are multiplied by `change` (N, 4, 4), element by element (see matrix.py).

    Images with alpha, (N, 4, H, W), keep that.
    """

    def mix(colors: Tensor, opacity: Opacity) -> Tensor:
        products = change[:, :3, :3, None, None] * colors.unsqueeze(1)
        return products.sum(2) + change[:, :3, 3, None, None] * opacity

    return recolored(images, mix)


def relit(images: Tensor, change: Tensor) -> Tensor:
    """Images (N, C, H, W) with the gain and offset of `change` (N, 4, 4), which must not mix channels.

    Images with alpha, C = 4, keep that.
    """

    def relight(colors: Tensor, opacity: Opacity) -> Tensor:
        return colors * change[:, 0, 0, None, None, None] + change[:, 0, 3, None, None, None] * opacity

    return recolored(images, relight)


def recolored(images: Tensor, change: Callable[[Tensor, Opacity], Tensor]) -> Tensor:
    """Images (N, C, H, W) with changed colors and, if C = 4, the same alpha.

    `change` maps colors in [-1, 1] times an opacity, and that opacity, to new colors times the opacity. Without alpha
    the opacity is 1. With it, images hold (color + 1) * opacity - 1 (`saddle.alpha`), the opacity (N, 1, H, W) is in
    [0, 1], and what nobody sees stays 0.
    """
    if not has_alpha(images):
        return change(images, 1.0)
    alpha = images[:, 3:]
    opacity = (alpha + 1) / 2
    colors = change(images[:, :3] + 1 - opacity, opacity)
    return torch.cat([colors - 1 + opacity, alpha], 1)


def _about_gray(along: Tensor, across: Tensor, turned: Tensor) -> Tensor:
    """The matrix (N, 4, 4) that changes the gray part of a color and the part perpendicular to it, all factors (N,).

    The gray part is multiplied by `along`. The perpendicular part is rotated by the angle whose cosine and sine are
    `across` and `turned` (Rodrigues' formula about the axis (1, 1, 1) / sqrt(3)).
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
