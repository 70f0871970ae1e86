"""Multi-layer perceptrons for points in the plane, as in the toy problems of VEEGAN, PacGAN and WGAN-GP.

Points have no labels, so these networks are never conditional.
"""

import math

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import AnySizes, Depth, Normalization, Positive, Size
from saddle.layer.activation import Activation
from saddle.layer.hidden import hidden_layers
from saddle.layer.normalization import weighted
from saddle.layer.packing import packed


class Generator(base.Generator):
    """Latent (N, latent_dim) to points (N, 2), through hidden layers. The output is linear, multiplied by `scale`."""

    def __init__(
        self,
        scale: Positive = 1.0,
        latent_dim: Size = 2,
        hidden: AnySizes = (128, 128, 128),
        activation: Activation = "relu",
        normalization: Normalization = "none",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.scale = scale
        sizes = [latent_dim, *hidden]
        head = weighted(nn.Linear(sizes[-1], 2), normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    def forward(self, latent: Tensor) -> Tensor:
        return self.scale * self.layers(latent)


class Discriminator(base.Discriminator):
    """Points (N, 2), divided by `scale`, to logits (N / packing,), through hidden layers. There is no sigmoid.

    With `frequencies` above 0 the first layer also gets sin(2^k pi x) and cos(2^k pi x) of each coordinate x, for k
    from 0 to `frequencies` - 1 (NeRF's encoding, Mildenhall et al. 2020, eq. 4, arXiv 2003.08934). A network of such
    inputs learns fine structure, which one of plain coordinates learns late (Tancik et al. 2020, arXiv 2006.10739).

    If `head_bias` is false, the last layer has no bias. Relativistic losses cannot train one. With `packing` above 1
    that many neighboring points form one input with more coordinates, and get one logit together.
    """

    def __init__(
        self,
        scale: Positive = 1.0,
        hidden: AnySizes = (128, 128, 128),
        activation: Activation = "relu",
        normalization: Normalization = "none",
        head_bias: bool | None = None,
        packing: Size = 1,
        frequencies: Depth = 0,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.packing = packing
        self.frequencies = frequencies
        sizes = [2 * packing * (1 + 2 * frequencies), *hidden]
        self.features = sizes[-1]
        head = weighted(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = nn.Sequential(*hidden_layers(sizes, activation, normalization), head)

    @property
    def head(self) -> nn.Module:
        """The last layer. Its first argument is the features (N / packing, features) that the logit is made of."""
        return self.layers[-1]

    def forward(self, points: Tensor) -> Tensor:
        return self.layers(packed(encoded(points / self.scale, self.frequencies), self.packing)).squeeze(1)


def encoded(points: Tensor, frequencies: int) -> Tensor:
    """`points` (N, D) beside sin(2^k pi x) and cos(2^k pi x) of their coordinates: (N, D (1 + 2 `frequencies`))."""
    angles = [2.0**power * math.pi * points for power in range(frequencies)]
    waves = [wave for angle in angles for wave in (angle.sin(), angle.cos())]
    return torch.cat([points, *waves], 1)
