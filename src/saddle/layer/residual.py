"""A residual block of two 3x3 convolutions, which begins as the identity."""

import torch
from torch import Tensor, nn

from saddle.bound import Normalization
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.initialization import he_initialized
from saddle.layer.normalization import normalized, weighted


class ResidualBlock(nn.Module):
    """Feature maps (N, features, H, W) to maps of the same shape: x + gain * conv(act(conv(act(x)))).

    The activations come before the convolutions (He et al. 2016, figure 4e, arXiv 1603.05027). `gain` is one trained
    number that starts at 0, so the block begins as the identity (SkipInit: De & Smith 2020, section 4, arXiv
    2002.10444). Weights are drawn by He et al. 2015 (section 2.2, arXiv 1502.01852). With batch norm, one layer of it
    follows the first convolution.
    """

    def __init__(self, features: int, activation: Activation, normalization: Normalization = "none") -> None:
        super().__init__()
        norms = normalized(features, normalization, dimensions=2)
        first = he_initialized(nn.Conv2d(features, features, kernel_size=3, padding=1, bias=not norms))
        second = he_initialized(nn.Conv2d(features, features, kernel_size=3, padding=1))
        self.gain = nn.Parameter(torch.zeros(()))
        self.layers = nn.Sequential(
            nonlinearity(activation),
            weighted(first, normalization),
            *norms,
            nonlinearity(activation),
            weighted(second, normalization),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.gain * self.layers(features)
