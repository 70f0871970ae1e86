"""DiffAugment of Zhao et al. 2020, section 3 and appendix (arXiv 2006.10738)."""

from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor

from saddle.augmentation.base import Augmentation, Uniform, check_colors, whole
from saddle.augmentation.pixel import shifted
from saddle.bound import Fraction

Level = Annotated[float, Ge(-1), Le(1)]
"""A level of gray of an image in [-1, 1]."""


class DiffAugment(Augmentation):
    """Changes every image, with a strength that stays the same throughout training.

    The changes, in this order:
    - `color` adds a number in [-0.5, 0.5) (brightness), multiplies the distance of the channels from their mean by a
      factor in [0, 2) (saturation), and multiplies the distance from the image's mean by a factor in [0.5, 1.5)
      (contrast).
    - `translation` shifts by whole pixels, up to that fraction of the side each way; 0 switches it off.
    - `cutout` hides a square whose side is that fraction of the image's; 0 switches it off. Its center is anywhere in
      the image, so part of the square may lie outside.
    Fractions of the side are rounded to whole pixels, halves up, as in the authors' code: 1/8 of 28 pixels is 4.

    `fill` is the level of the hidden square and of the area that a shift uncovers. The paper says zeros, and its
    images lie in [-1, 1], so this is mid-gray, not black. Mid-gray is the default because it shows D that the image
    was changed. If black (-1) surrounded a digit on black, a shifted digit would look real, and G could learn to
    shift.
    """

    def __init__(
        self, color: bool = False, translation: Fraction = 1 / 8, cutout: Fraction = 1 / 2, fill: Level = 0.0
    ) -> None:
        super().__init__()
        self.color = color
        self.translation = translation
        self.cutout = cutout
        self.fill = fill

    def check(self, channels: int) -> None:
        """Raise InputError if `color` is on and `channels` is not 3."""
        check_colors(["color"] if self.color else [], channels)

    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images (N, C, H, W). Purposes: diffaugment.colour (N, 3), .translation and .cutout (N, 2)."""
        self.check(images.shape[1])
        changed = images
        rows, side = images.shape[0], images.shape[3]
        if self.color:
            changed = _recolored(changed, uniform("diffaugment.colour", (rows, 3)))
        reach = _pixels(self.translation, side)
        if reach > 0:
            down, right = whole(uniform("diffaugment.translation", (rows, 2)), -reach, reach).unbind(1)
            changed = shifted(changed, down, right, self.fill)
        square = _pixels(self.cutout, side)
        if square > 0:
            changed = self._cut(changed, square, uniform("diffaugment.cutout", (rows, 2)))
        return changed.to(images.dtype)

    def _cut(self, images: Tensor, square: int, numbers: Tensor) -> Tensor:
        """Images with a hidden square of `square` x `square` pixels, placed by `numbers` (N, 2).

        The center of an even square lies between two pixels.
        """
        side = images.shape[3]
        first = whole(numbers, 0, side - square % 2) - square // 2
        pixel = torch.arange(side, device=images.device)
        hidden = (pixel >= first[:, :, None]) & (pixel < first[:, :, None] + square)  # (N, 2, side): rows, columns
        rows, columns = hidden.unbind(1)
        inside = rows[:, :, None] & columns[:, None, :]
        return images.masked_fill(inside.unsqueeze(1), self.fill)


def _pixels(fraction: float, side: int) -> int:
    """A fraction of the side in whole pixels, rounded to the nearest, halves up."""
    return int(fraction * side + 0.5)


def _recolored(images: Tensor, numbers: Tensor) -> Tensor:
    """Images after brightness, saturation and contrast, in this order, from `numbers` (N, 3) in [0, 1)."""
    brightness, saturation, contrast = numbers.view(-1, 3, 1, 1, 1).unbind(1)
    images = images + (brightness - 0.5)
    gray = images.mean(1, keepdim=True)
    images = gray + (images - gray) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (contrast + 0.5)
