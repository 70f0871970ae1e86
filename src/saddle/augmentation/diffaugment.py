"""DiffAugment of Zhao et al. 2020, section 3 and appendix (arXiv 2006.10738)."""

from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor

from saddle.augmentation.base import Augmentation, Uniform, check_colors, whole
from saddle.augmentation.color import Opacity, recolored
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
    - `translation` shifts by whole pixels, up to that fraction of each side; 0 switches it off.
    - `cutout` hides a rectangle whose sides are that fraction of the image's; 0 switches it off. Its center is anywhere
      in the image, so part of the rectangle may lie outside.
    Fractions of sides are rounded to whole pixels, halves up, as in the authors' code: 1/8 of 28 pixels is 4. Alpha is
    shifted and hidden like the colors, which are changed as if there were none.

    `fill` is the level of the hidden rectangle and of the area that a shift uncovers. The paper says zeros, and its
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
        """Raise InputError if `color` is on and `channels` is neither 3 nor, with alpha, 4."""
        check_colors(["color"] if self.color else [], channels)

    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images (N, C, H, W). Purposes: diffaugment.colour (N, 3), .translation and .cutout (N, 2)."""
        self.check(images.shape[1])
        changed = images
        rows, height, width = images.shape[0], images.shape[2], images.shape[3]
        if self.color:
            numbers = uniform("diffaugment.colour", (rows, 3))
            changed = recolored(changed, lambda colors, opacity: _recolored(colors, opacity, numbers))
        reach = _pixels(self.translation, height), _pixels(self.translation, width)
        if max(reach) > 0:
            down, right = uniform("diffaugment.translation", (rows, 2)).unbind(1)
            down, right = whole(down, -reach[0], reach[0]), whole(right, -reach[1], reach[1])
            changed = shifted(changed, down, right, self.fill)
        hidden = _pixels(self.cutout, height), _pixels(self.cutout, width)
        if min(hidden) > 0:
            changed = self._cut(changed, hidden, uniform("diffaugment.cutout", (rows, 2)))
        return changed.to(images.dtype)

    def _cut(self, images: Tensor, hidden: tuple[int, int], numbers: Tensor) -> Tensor:
        """Images with a hidden rectangle of that height and width, placed by `numbers` (N, 2)."""
        down, right = numbers.unbind(1)
        rows = _interval(images.shape[2], hidden[0], down)
        columns = _interval(images.shape[3], hidden[1], right)
        inside = rows[:, :, None] & columns[:, None, :]
        return images.masked_fill(inside.unsqueeze(1), self.fill)


def _pixels(fraction: float, side: int) -> int:
    """A fraction of a side in whole pixels, rounded to the nearest, halves up."""
    return int(fraction * side + 0.5)


def _interval(side: int, length: int, numbers: Tensor) -> Tensor:
    """Which pixels of a side lie in an interval of `length` pixels, placed by `numbers` (N,): (N, side).

    The center of an even interval lies between two pixels.
    """
    first = whole(numbers, 0, side - length % 2) - length // 2
    pixel = torch.arange(side, device=numbers.device)
    return (pixel >= first[:, None]) & (pixel < first[:, None] + length)


def _recolored(colors: Tensor, opacity: Opacity, numbers: Tensor) -> Tensor:
    """Colors after brightness, saturation and contrast, in this order, from `numbers` (N, 3) in [0, 1).

    Colors (N, 3, H, W) are those of `saddle.augmentation.color.recolored`; an image's mean is that of what is seen.
    """
    brightness, saturation, contrast = numbers.view(-1, 3, 1, 1, 1).unbind(1)
    colors = colors + (brightness - 0.5) * opacity
    gray = colors.mean(1, keepdim=True)
    colors = gray + (colors - gray) * (2 * saturation)
    mean = colors.mean((1, 2, 3), keepdim=True)
    if isinstance(opacity, Tensor):
        mean = mean / opacity.mean((1, 2, 3), keepdim=True).clamp(min=1e-3) * opacity
    return mean + (colors - mean) * (contrast + 0.5)
