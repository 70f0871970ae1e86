"""Features in which samples and real images are compared without a trained network."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from saddle.alpha import has_alpha, premultiplied

_SIDE = 16  # pixels: finer detail is noise to distances between images


def features(images: Tensor) -> Tensor:
    """Levels from 0 to 1, float64 (N, D), of images uint8 (N, C, H, W) in at most 16 x 16 averages per channel.

    Of points (N, 2) they are the coordinates.
    """
    if images.dim() == 2:
        return images.double()
    levels = premultiplied(images.float()) if has_alpha(images) else images.float()
    height, width = images.shape[2:]
    small = adaptive_avg_pool2d(levels, (min(height, _SIDE), min(width, _SIDE)))
    return small.flatten(1).to(torch.float64) / 255
