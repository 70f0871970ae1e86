"""Convolutional networks after DCGAN (Radford et al. 2016, section 3, arXiv 1511.06434), for any size and channels."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.bound import Count, Counts, Index, Normalization
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.attention import SelfAttention
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.labelled import LabelEmbedding, LabelledSequential, classes_of
from saddle.layer.minibatch_stddev import MinibatchStddev
from saddle.layer.normalization import normalized, weighted
from saddle.layer.projection import ProjectionHead


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
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, ConditionalBatchNorm):
        nn.init.normal_(module.gain.weight, 1.0, 0.02)


def _layer(layer: nn.Module, normalization: Normalization) -> nn.Module:
    """`layer` with its initial weights, spectrally normalized if asked."""
    _initialize(layer)
    return weighted(layer, normalization)


def _norms(features: int, normalization: Normalization, dimensions: int, classes: int = 0) -> list[nn.Module]:
    """What `normalized` gives, with initial weights."""
    layers = normalized(features, normalization, dimensions, classes)
    for layer in layers:
        _initialize(layer)
    return layers


def _check_attention(side: int, sides: Sequence[int]) -> None:
    """Raise ValueError unless `side` is one of the `sides` of feature maps, or 0."""
    if side not in (0, *sides):
        listed = ", ".join(str(s) for s in sides)
        raise ValueError(f"attention={side}: the sides of the feature maps here are {listed}; use one of them, or 0")


class _Doubling(nn.Module):
    """(N, inputs, s, s) to (N, outputs, size, size), where s is half of `size`, rounded up."""

    def __init__(self, inputs: int, outputs: int, size: int, normalization: Normalization, bias: bool) -> None:
        super().__init__()
        self.size = size
        layer = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=bias)
        self.convolution = _layer(layer, normalization)

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(features)[..., : self.size, : self.size]


class Generator(nn.Module):
    """Latent (N, latent_dim) to images (N, channels, image_size, image_size) in [-1, 1].

    A linear layer makes (N, widths[0], s, s); each fractional-strided convolution doubles the side, one per entry of
    `widths`, whose last maps to the channels. `image_size` is reached exactly: odd sides are cropped by one.
    A `conditional` one takes labels (N,) int64 as well: an embedding of `label_dim` numbers joins the latent, and batch
    norm is conditional. Self-attention follows the feature map whose side is `attention` (0: there is none).
    Raises ValueError if `image_size` is too small to be halved that often, classes are missing, or no feature map
    has that side.
    """

    reads = "latent"

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        latent_dim: Count = 100,
        widths: Counts = (128, 64),
        activation: Activation = "relu",
        normalization: Normalization = "batch",
        conditional: bool = False,
        classes: Index = 0,
        label_dim: Count = 16,
        attention: Index = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.classes = classes_of(conditional, classes)
        sizes = _sizes(image_size, len(widths))[::-1]
        _check_attention(attention, sizes[:-1])
        inputs = latent_dim + (label_dim if conditional else 0)
        project = nn.Linear(inputs, widths[0] * sizes[0] ** 2, bias=normalization != "batch")
        _initialize(project)
        self.layers = LabelledSequential(
            *([LabelEmbedding(classes, label_dim)] if conditional else []),
            weighted(project, normalization),
            nn.Unflatten(1, (widths[0], sizes[0], sizes[0])),
            *self._body(widths, sizes, activation, normalization, attention),
            _Doubling(widths[-1], channels, sizes[-1], normalization, bias=True),
        )

    def _body(
        self,
        widths: Sequence[int],
        sizes: Sequence[int],
        name: Activation,
        normalization: Normalization,
        attention: int,
    ) -> list[nn.Module]:
        layers: list[nn.Module] = []
        for index, (features, size) in enumerate(zip(widths, sizes[:-1], strict=True)):
            if index > 0:
                bias = normalization != "batch"
                layers.append(_Doubling(widths[index - 1], features, size, normalization, bias))
            norms = _norms(features, normalization, dimensions=2, classes=self.classes)
            layers += [*norms, nonlinearity(name)]
            if size == attention:
                layers.append(SelfAttention(features, normalization))
        return layers

    def forward(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.tanh(self.layers(latent, labels))


class Discriminator(nn.Module):
    """Images (N, channels, image_size, image_size) to logits (N,).

    One strided convolution per entry of `widths` halves the side: rounded down where `kernel_size` is 4 (padding 1),
    up where it is 5 (padding 2). What is left goes through a linear layer of `hidden` units, if that is not 0, and a
    last linear layer gives the logit; without `head_bias` that one has no bias, which a loss of differences of logits
    could not train. Batch norm, where asked for, is left out of the first layer (the paper's section 3).
    A `conditional` one takes labels (N,) int64 as well: by "projection" in its head, or by "concatenation" of
    `label_dim` planes to the image. Self-attention follows the feature map whose side is `attention`, and the spread of
    each group of `minibatch_stddev` images joins the last feature map as one more plane (0: there is none).
    Raises ValueError if `image_size` is too small to be halved that often, classes are missing, or no feature map
    has that side.
    """

    def __init__(
        self,
        image_size: Count,
        channels: Count,
        widths: Counts = (64, 128),
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        conditional: bool = False,
        classes: Index = 0,
        condition: Literal["projection", "concatenation"] = "projection",
        label_dim: Count = 16,
        kernel_size: Literal[4, 5] = 4,
        hidden: Index = 0,
        head_bias: bool | None = None,
        minibatch_stddev: Index = 0,
        attention: Index = 0,
    ) -> None:
        super().__init__()
        self.classes = classes_of(conditional, classes)
        joins, projects = (conditional and condition == name for name in ("concatenation", "projection"))
        _sizes(image_size, len(widths))
        sides = [image_size]
        for _ in widths:
            sides.append((sides[-1] + kernel_size % 2) // 2)
        _check_attention(attention, sides[1:])
        layers: list[nn.Module] = [LabelEmbedding(classes, label_dim)] if joins else []
        shape = [channels + (label_dim if joins else 0), *widths]
        for index, (before, after) in enumerate(pairwise(shape)):
            layers += self._halving(before, after, kernel_size, activation, normalization, first=index == 0)
            if sides[index + 1] == attention:
                layers.append(SelfAttention(after, normalization))
        if minibatch_stddev:
            layers.append(MinibatchStddev(minibatch_stddev))
        features = (widths[-1] + (minibatch_stddev > 0)) * sides[-1] ** 2
        tail = self._hidden(features, hidden, activation, normalization) if hidden else []
        head = self._head(hidden or features, classes if projects else 0, normalization, head_bias is not False)
        self.layers = LabelledSequential(*layers, nn.Flatten(), *tail, head)

    @staticmethod
    def _halving(
        before: int, after: int, kernel_size: int, name: Activation, normalization: Normalization, first: bool
    ) -> list[nn.Module]:
        batch_norm = normalization == "batch" and not first
        padding = (kernel_size - 1) // 2
        convolution = nn.Conv2d(before, after, kernel_size, stride=2, padding=padding, bias=not batch_norm)
        layers = [_layer(convolution, normalization)]
        if batch_norm:
            layers += _norms(after, normalization, dimensions=2)
        return [*layers, nonlinearity(name)]

    @staticmethod
    def _hidden(features: int, units: int, name: Activation, normalization: Normalization) -> list[nn.Module]:
        norms = _norms(units, normalization, dimensions=1)
        linear = nn.Linear(features, units, bias=not norms)
        return [_layer(linear, normalization), *norms, nonlinearity(name)]

    @staticmethod
    def _head(features: int, classes: int, normalization: Normalization, bias: bool) -> nn.Module:
        if classes:
            return ProjectionHead(features, classes, normalization, _initialize, bias)
        return _layer(nn.Linear(features, 1, bias=bias), normalization)

    @property
    def head(self) -> nn.Module:
        """The last layer; its first argument are the features (N, D) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(images, labels).squeeze(1)
