"""R3GAN's residual block: an inverted bottleneck with a grouped convolution and no normalization."""

import math

from torch import Tensor, nn

from saddle.bound import Count, SizeOrNone
from saddle.layer.initialization import LEAKY_RELU_GAIN, scaled

EXPANSION = 2
"""The grouped convolution has that many times the features of the block's input."""


class Bottleneck(nn.Module):
    """Feature maps (N, features, H, W) plus a function of them, same shape.

    The function is a 1x1 convolution to twice the features, leaky ReLU, a 3x3 convolution in groups of `group_size`
    features, leaky ReLU, and a 1x1 convolution back, without a bias (Huang et al. 2024, section 3, Config E, arXiv
    2501.05441). With `group_size` 0 the 3x3 convolution is dense; with fewer features than that they are one group.

    The last weights begin at 0, so the block begins as the identity. The other two begin by He et al. 2015, scaled by
    `blocks`^(-1/4), where `blocks` is the number of residual blocks of the network (Zhang et al. 2019, section 3, rule
    2, arXiv 1901.09321, for three layers).

    Raises ValueError if the features do not divide into whole groups.
    """

    def __init__(self, features: Count, group_size: SizeOrNone, blocks: Count) -> None:
        super().__init__()
        inner = EXPANSION * features
        gain = LEAKY_RELU_GAIN * blocks**-0.25
        grouped = nn.Conv2d(inner, inner, kernel_size=3, padding=1, groups=groups_of(inner, group_size))
        self.layers = nn.Sequential(
            scaled(nn.Conv2d(features, inner, kernel_size=1), gain),
            nn.LeakyReLU(0.2),
            scaled(grouped, gain),
            nn.LeakyReLU(0.2),
            scaled(nn.Conv2d(inner, features, kernel_size=1, bias=False), 0.0),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.layers(features)


def groups_of(features: int, group_size: int) -> int:
    """The number of groups of `features`; raises ValueError if they do not divide into whole groups."""
    size = min(group_size, features) or features
    if features % size:
        multiple = group_size // math.gcd(group_size, EXPANSION)
        raise ValueError(
            f"group_size={group_size} does not divide the {features} features of a grouped convolution: use a width "
            f"that is a multiple of {multiple} at every side, or group_size=0"
        )
    return features // size
