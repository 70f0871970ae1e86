"""Resizing of image tensors, and other changes to them in floating point."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from saddle.bound import ImageSize, height_and_width

_ROWS, _NUMBERS = 4096, 2**26  # of a part, at most


def resized(images: Tensor, image_size: ImageSize) -> Tensor:
    """uint8 images (N, C, H, W) resized to `image_size`: bicubic, with antialiasing if they shrink."""
    size = height_and_width(image_size)
    if images.shape[2:] == size:
        return images

    def change(part: Tensor) -> Tensor:
        return interpolate(part, size, mode="bicubic", align_corners=False, antialias=True)

    return in_parts(change, images)


def in_parts(change: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """uint8 images after `change`, which is a function of float32 images; in parts, to save memory."""
    parts = []
    rows = min(_ROWS, max(1, _NUMBERS // max(1, images[:1].numel())))
    for part in images.split(rows):
        result = change(part.float())
        parts.append(result.round_().clamp_(0, 255).to(torch.uint8))
    return torch.cat(parts)
