"""The spread of the images of a batch, as a feature for the discriminator."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from saddle.bound import Count

_EPSILON = 1e-8  # added under the square root, whose slope is infinite at 0


class MinibatchStddev(nn.Module):
    """Appends one number per group of images to their features: (N, D, ...) to (N, D + 1, ...), equal at all positions.

    The number is the standard deviation of each feature at each position over the group, averaged over features and
    positions (Karras et al. 2018, section 3, arXiv 1710.10196). Groups have at most `group_size` images, and of M
    groups, image i belongs to group i mod M, as in the code of StyleGAN. If N is not a multiple of `group_size`, there
    are as few groups as possible, and their sizes differ by at most one. A group of one image has (almost) 0.

    Groups are formed within one call. With several ranks or accumulated parts, that is one part of one rank's batch.

    The logit of an image depends on the other images of its group. So an input-gradient penalty sees the gradient of
    the sum of a group's logits with respect to each image, and is only approximately a penalty per image. StyleGAN2
    uses R1 with this layer in the same way.
    """

    def __init__(self, group_size: Count) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, features: Tensor) -> Tensor:
        number = len(features)
        groups = -(-number // self.group_size)
        size = -(-number // groups)
        padding = groups * size - number  # the last groups have one image less
        flat = features.flatten(1).to(torch.promote_types(features.dtype, torch.float32))
        members = pad(flat, (0, 0, 0, padding)).view(size, groups, -1)
        is_image = pad(flat.new_ones(number, 1), (0, 0, 0, padding)).view(size, groups, 1)
        count = is_image.sum(0)
        centered = (members - members.sum(0) / count) * is_image
        deviation = (centered.square().sum(0) / count + _EPSILON).sqrt().mean(1)
        column = deviation.repeat(size)[:number].to(features.dtype)
        column = column.view(number, *[1] * (features.dim() - 1))
        return torch.cat([features, column.expand(-1, 1, *features.shape[2:])], 1)
