"""The ends of R3GAN's networks at their smallest feature maps: a basis of maps, and its mirror."""

import math

import torch
from torch import Tensor, nn

from saddle.bound import Count
from saddle.layer.initialization import scaled
from saddle.layer.resampling import Sides


class Basis(nn.Module):
    """Vectors (N, inputs) to feature maps (N, features, h, w): trained maps, each times a number made of the vector.

    Huang et al. 2024, section 3, "Neural network architecture details" (arXiv 2501.05441), where h and w are 4. The
    maps begin as standard normal numbers. The numbers are a linear layer without a bias.
    """

    def __init__(self, inputs: Count, features: Count, sides: Sides) -> None:
        super().__init__()
        self.maps = nn.Parameter(torch.randn(features, *sides))
        self.linear = scaled(nn.Linear(inputs, features, bias=False))

    def forward(self, vectors: Tensor) -> Tensor:
        return self.linear(vectors)[:, :, None, None] * self.maps


class BasisProducts(nn.Module):
    """Feature maps (N, features, h, w) to vectors (N, features): the inner product of each map with a trained one.

    This is the global depthwise convolution of R3GAN's classifier head (section 3), the mirror of `Basis`. The maps
    begin with a variance of 1 / (h w).
    """

    def __init__(self, features: Count, sides: Sides) -> None:
        super().__init__()
        self.maps = nn.Parameter(torch.randn(features, *sides) / math.sqrt(math.prod(sides)))

    def forward(self, features: Tensor) -> Tensor:
        return (features * self.maps).sum((2, 3))
