"""Multi-layer perceptrons, as in Goodfellow et al. 2014 and in the tutorial that saddle starts from."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from saddle.bound import Count, Normalization
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.normalization import normalized, weighted


def _hidden(sizes: Sequence[int], name: Activation, normalization: Normalization) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers.append(weighted(nn.Linear(inputs, outputs), normalization))
        layers += normalized(outputs, normalization, dimensions=1)
        layers.append(nonlinearity(name))
    return layers


class Generator(nn.Module):
    """Latent (N, latent_dim) to images (N, channels, image_size, image_size) in [-1, 1], through hidden layers."""

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        latent_dim: Count = 100,
        hidden: Sequence[Count] = (256, 256, 256, 128),
        activation: Activation = "relu",
        normalization: Normalization = "none",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.image_shape = (channels, image_size, image_size)
        sizes = [latent_dim, *hidden]
        head = weighted(nn.Linear(sizes[-1], channels * image_size * image_size), normalization)
        self.layers = nn.Sequential(*_hidden(sizes, activation, normalization), head)

    def forward(self, latent: Tensor) -> Tensor:
        return torch.tanh(self.layers(latent)).unflatten(1, self.image_shape)


class Discriminator(nn.Module):
    """Images (N, channels, image_size, image_size) to logits (N,), through hidden layers; there is no sigmoid."""

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        hidden: Sequence[Count] = (256, 256),
        activation: Activation = "relu",
        normalization: Normalization = "none",
    ) -> None:
        super().__init__()
        sizes = [channels * image_size * image_size, *hidden]
        head = weighted(nn.Linear(sizes[-1], 1), normalization)
        self.layers = nn.Sequential(*_hidden(sizes, activation, normalization), head)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images.flatten(1)).squeeze(1)
