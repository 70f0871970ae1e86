"""Transparency: images of four channels are red, green, blue and alpha.

Bytes (uint8) hold colors as PNG files do, beside alpha and untouched by it. Floats in [-1, 1], which networks see, hold
colors multiplied by alpha (premultiplied: Porter & Duff 1984, "Compositing digital images", section 3). So a pixel that
nobody sees has one value, and means over pixels, as in resampling and in convolutions, are of what is seen.
"""

import torch
from torch import Tensor

CHANNELS = 4
"""Number of channels of an image with alpha."""


def has_alpha(images: Tensor) -> bool:
    """Whether images (..., C, H, W) have alpha as their last channel."""
    return images.shape[-3] == CHANNELS


def premultiplied(levels: Tensor) -> Tensor:
    """Images (..., 4, H, W), floats in 0..255, with each color multiplied by alpha / 255."""
    colors, alpha = _colors_and_alpha(levels)
    return torch.cat([colors * (alpha / 255), alpha], -3)


def straight(levels: Tensor) -> Tensor:
    """The inverse of `premultiplied`, with whole numbers as alpha. Colors that nobody sees are 0."""
    colors, alpha = _colors_and_alpha(levels)
    alpha = alpha.round().clamp(0, 255)
    seen = torch.where(alpha > 0, colors * 255 / alpha.clamp(min=1), 0)
    return torch.cat([seen, alpha], -3)


def composited(levels: Tensor, background: Tensor | float) -> Tensor:
    """Images (..., 4, H, W), floats in 0..255, laid over a `background`, levels that broadcast: (..., 3, H, W)."""
    colors, alpha = _colors_and_alpha(premultiplied(levels))
    return colors + (1 - alpha / 255) * background


def _colors_and_alpha(images: Tensor) -> tuple[Tensor, Tensor]:
    """The parts (..., 3, H, W) and (..., 1, H, W) of images (..., 4, H, W)."""
    return images[..., :3, :, :], images[..., 3:, :, :]
