"""Convolutional networks after DCGAN (Radford et al. 2016, section 3, arXiv 1511.06434), for any size and channels."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from saddle.bound import Count, Counts, Normalization
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.normalization import normalized, weighted


def _sizes(image_size: int, halvings: int) -> list[int]:
    """Side lengths from `image_size` down, each half of the last, rounded up; the smallest must be 2 or more."""
    sizes = [image_size]
    for _ in range(halvings):
        sizes.append((sizes[-1] + 1) // 2)
    smallest = 2**halvings + 1
    if image_size < smallest:
        raise ValueError(
            f"image_size={image_size} is too small for {halvings} halvings (len(widths)={halvings}): "
            f"use at least {smallest}, or fewer widths"
        )
    return sizes


def _initialize(module: nn.Module) -> None:
    """Weights from N(0, 0.02) (the paper's section 4); batch norm scales from N(1, 0.02); biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


class _Doubling(nn.Module):
    """(N, inputs, s, s) to (N, outputs, size, size), where s is half of `size`, rounded up."""

    def __init__(self, inputs: int, outputs: int, size: int, normalization: Normalization, bias: bool) -> None:
        super().__init__()
        self.size = size
        layer = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=bias)
        _initialize(layer)
        self.convolution = weighted(layer, normalization)

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(features)[..., : self.size, : self.size]


class Generator(nn.Module):
    """Latent (N, latent_dim) to images (N, channels, image_size, image_size) in [-1, 1].

    A linear layer makes (N, widths[0], s, s); each fractional-strided convolution doubles the side, one per entry of
    `widths`, whose last maps to the channels. `image_size` is reached exactly: odd sides are cropped by one.
    Raises ValueError if `image_size` is too small to be halved that often.
    """

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        latent_dim: Count = 100,
        widths: Counts = (128, 64),
        activation: Activation = "relu",
        normalization: Normalization = "batch",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        sizes = _sizes(image_size, len(widths))[::-1]
        self.first = (widths[0], sizes[0], sizes[0])
        project = nn.Linear(latent_dim, widths[0] * sizes[0] ** 2, bias=normalization != "batch")
        _initialize(project)
        self.project = weighted(project, normalization)
        self.layers = nn.Sequential(*self._body(widths, sizes[1:], channels, activation, normalization))

    @staticmethod
    def _body(
        widths: Sequence[int], sizes: Sequence[int], channels: int, name: Activation, normalization: Normalization
    ) -> list[nn.Module]:
        layers = [*normalized(widths[0], normalization, dimensions=2), nonlinearity(name)]
        for (inputs, outputs), size in zip(pairwise(widths), sizes[:-1], strict=True):
            layers.append(_Doubling(inputs, outputs, size, normalization, bias=normalization != "batch"))
            layers += [*normalized(outputs, normalization, dimensions=2), nonlinearity(name)]
        layers.append(_Doubling(widths[-1], channels, sizes[-1], normalization, bias=True))
        for layer in layers:
            if isinstance(layer, nn.BatchNorm2d):
                _initialize(layer)
        return layers

    def forward(self, latent: Tensor) -> Tensor:
        return torch.tanh(self.layers(self.project(latent).unflatten(1, self.first)))


class Discriminator(nn.Module):
    """Images (N, channels, image_size, image_size) to logits (N,).

    One strided convolution per entry of `widths` halves the side; a linear layer on what is left gives the logit.
    Batch norm, where asked for, is left out of the first layer (the paper's section 3).
    Raises ValueError if `image_size` is too small to be halved that often.
    """

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        widths: Counts = (64, 128),
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
    ) -> None:
        super().__init__()
        _sizes(image_size, len(widths))
        layers: list[nn.Module] = []
        size = image_size
        for index, (inputs, outputs) in enumerate(pairwise([channels, *widths])):
            batch_norm = normalization == "batch" and index > 0
            convolution = nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=not batch_norm)
            _initialize(convolution)
            layers.append(weighted(convolution, normalization))
            if batch_norm:
                layers += normalized(outputs, normalization, dimensions=2)
                _initialize(layers[-1])
            layers.append(nonlinearity(activation))
            size //= 2
        head = nn.Linear(widths[-1] * size * size, 1)
        _initialize(head)
        self.layers = nn.Sequential(*layers, nn.Flatten(), weighted(head, normalization))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).squeeze(1)
