"""A corner of each feature map of a batch."""

import torch
from torch import Tensor

from saddle.layer.resampling import Sides


def corner(features: Tensor, sides: Sides, where: Tensor) -> Tensor:
    """One of the four corners of each map, (N, C, H, W) to (N, C, height, width), whose `sides` are at most H and W.

    `where` (N, 2), in [0, 1), chooses by rows: below if the first number is at least 1/2, right if the second is. The
    choice is made by `torch.where`, so that a compiled graph can make it.
    """
    height, width = sides
    is_below, is_right = (where >= 0.5)[:, :, None, None, None].unbind(1)
    rows = torch.where(is_below, features[:, :, -height:], features[:, :, :height])
    return torch.where(is_right, rows[..., -width:], rows[..., :width])
