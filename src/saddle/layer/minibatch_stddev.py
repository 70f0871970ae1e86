"""How much the images of a batch differ, told to the discriminator."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from saddle.bound import Count

_EPSILON = 1e-8  # inside the root, whose slope has no limit at 0


class MinibatchStddev(nn.Module):
    """Joins one number per group of images to their features: (N, D, ...) to (N, D + 1, ...), the same at every place.

    The number is the standard deviation of each feature at each place over the group, averaged over features and
    places (Karras et al. 2018, section 3, arXiv 1710.10196). Groups have at most `group_size` images, as in the code
    of StyleGAN: of M groups, image i belongs to group i mod M. Where N is not a multiple of `group_size` there are
    as few groups as that allows, and their sizes differ by at most one. A group of one image has (almost) 0.

    The groups are of what one call is given: with several ranks or accumulated parts, of one rank's part of the batch.
    An image's logit then depends on the other images of its group, so an input-gradient penalty takes the gradient of
    the sum of a group's logits by each image. That is how StyleGAN2 uses R1 with this layer; the penalty per image
    holds only approximately.
    """

    def __init__(self, group_size: Count) -> None:
        super().__init__()
        self.group_size = group_size

    def forward(self, features: Tensor) -> Tensor:
        number = len(features)
        groups = -(-number // self.group_size)
        size = -(-number // groups)
        missing = groups * size - number  # the last groups have one image less
        exact = features.flatten(1).to(torch.promote_types(features.dtype, torch.float32))
        members = pad(exact, (0, 0, 0, missing)).view(size, groups, -1)
        present = pad(exact.new_ones(number, 1), (0, 0, 0, missing)).view(size, groups, 1)
        count = present.sum(0)
        apart = (members - members.sum(0) / count) * present
        deviation = (apart.square().sum(0) / count + _EPSILON).sqrt().mean(1)
        column = deviation.repeat(size)[:number].to(features.dtype)
        column = column.view(number, *[1] * (features.dim() - 1))
        return torch.cat([features, column.expand(-1, 1, *features.shape[2:])], 1)
