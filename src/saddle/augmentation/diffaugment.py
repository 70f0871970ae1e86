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
    """Every image is changed, by the same fixed strength throughout training.

    In this order: `color` adds a number in [-0.5, 0.5) (brightness), multiplies the distance of the channels from
    their mean by one in [0, 2) (saturation) and the distance from the image's mean by one in [0.5, 1.5) (contrast);
    `translation` shifts by whole pixels, up to that share of the side each way; `cutout` hides a square whose side is
    that share, its center anywhere in the image, so that part of it may lie outside. 0 switches either off.

    `fill` is what is seen in the hidden square and where the image has moved away. The paper says zeros, and its
    images lie in [-1, 1]: that is mid-gray, not black. It is the default because it lets D see what has been done;
    black around a digit on black (-1) would make a shifted digit look like a real one, and G could learn to shift.
    """

    def __init__(
        self, color: bool = False, translation: Fraction = 1 / 8, cutout: Fraction = 1 / 2, fill: Level = 0.0
    ) -> None:
        super().__init__()
        self.color, self.translation, self.cutout, self.fill = color, translation, cutout, fill

    def check(self, channels: int) -> None:
        """Raise InputError if `color` is on and the images are not red, green and blue."""
        check_colors(["color"] if self.color else [], channels)

    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images (N, C, H, W). Purposes: diffaugment.colour (N, 3), .translation and .cutout (N, 2)."""
        self.check(images.shape[1])
        changed, rows, side = images, images.shape[0], images.shape[3]
        if self.color:
            changed = _recolored(changed, uniform("diffaugment.colour", (rows, 3)))
        if reach := int(self.translation * side):
            down, right = whole(uniform("diffaugment.translation", (rows, 2)), -reach, reach).unbind(1)
            changed = shifted(changed, down, right, self.fill)
        if square := int(self.cutout * side):
            changed = self._cut(changed, square, uniform("diffaugment.cutout", (rows, 2)))
        return changed.to(images.dtype)

    def _cut(self, images: Tensor, square: int, numbers: Tensor) -> Tensor:
        """Images with a square of `square` pixels hidden; an even one may be centerd between any two pixels."""
        side = images.shape[3]
        first = whole(numbers, 0, side - square % 2) - square // 2
        pixel = torch.arange(side, device=images.device)
        hidden = (pixel >= first[:, :, None]) & (pixel < first[:, :, None] + square)  # (N, 2, side): rows, columns
        both = hidden[:, 0, :, None] & hidden[:, 1, None, :]
        return images.masked_fill(both.unsqueeze(1), self.fill)


def _recolored(images: Tensor, numbers: Tensor) -> Tensor:
    """Brightness, then saturation, then contrast, from numbers (N, 3)."""
    brightness, saturation, contrast = numbers.view(-1, 3, 1, 1, 1).unbind(1)
    images = images + (brightness - 0.5)
    gray = images.mean(1, keepdim=True)
    images = gray + (images - gray) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (contrast + 0.5)
