"""Convolutional networks after DCGAN (Radford et al. 2016, section 3, arXiv 1511.06434), for any size and channels."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Normalization, Side, Size, SizeOrNone, Sizes
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.attention import SelfAttention
from saddle.layer.code import code_of, coded
from saddle.layer.code_head import code_head
from saddle.layer.convolution import (
    Doubling,
    halved_sides,
    halvings,
    hidden_layer,
    initialize,
    initialized,
    initialized_norms,
)
from saddle.layer.labeled import LabeledSequential, LabelEmbedding, classes_of
from saddle.layer.minibatch_stddev import MinibatchStddev
from saddle.layer.normalization import weighted
from saddle.layer.packing import packed, packing_of
from saddle.layer.projection import ProjectionHead


def _check_attention(side: int, sides: Sequence[int]) -> None:
    """Raise ValueError unless `side` is one of the `sides` of feature maps, or 0."""
    if side not in (0, *sides):
        listed = ", ".join(str(s) for s in sides)
        raise ValueError(f"attention={side}: the sides of the feature maps here are {listed}; use one of them, or 0")


class Generator(base.Generator):
    """Latent (N, latent_dim) to images (N, channels, image_size, image_size) in [-1, 1].

    A linear layer makes (N, widths[0], s, s); each fractional-strided convolution doubles the side, one per entry of
    `widths`, whose last maps to the channels. `image_size` is reached exactly: odd sides are cropped by one.
    A `conditional` one takes labels (N,) int64 as well: an embedding of `label_dim` numbers joins the latent, and batch
    norm is conditional. Self-attention follows the feature map whose side is `attention` (0: there is none). The last
    numbers of the latent become InfoGAN's code of `categories` and `continuous` numbers (`saddle.layer.code`).
    Raises ValueError if `image_size` is too small to be halved that often, classes are missing, no feature map has
    that side, or the latent is not larger than its code.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        latent_dim: Size = 100,
        widths: Sizes = (128, 64),
        activation: Activation = "relu",
        normalization: Normalization = "batch",
        conditional: bool = False,
        classes: SizeOrNone = 0,
        label_dim: Size = 16,
        attention: SizeOrNone = 0,
        categories: SizeOrNone = 0,
        continuous: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.categories, self.continuous = code_of(latent_dim, categories, continuous)
        self.classes = classes_of(conditional, classes)
        sizes = halved_sides(image_size, len(widths))[::-1]
        _check_attention(attention, sizes[:-1])
        inputs = latent_dim + (label_dim if conditional else 0)
        project = nn.Linear(inputs, widths[0] * sizes[0] ** 2, bias=normalization != "batch")
        initialize(project)
        self.layers = LabeledSequential(
            *([LabelEmbedding(classes, label_dim)] if conditional else []),
            weighted(project, normalization),
            nn.Unflatten(1, (widths[0], sizes[0], sizes[0])),
            *self._body(widths, sizes, activation, normalization, attention),
            Doubling(widths[-1], channels, sizes[-1], normalization, bias=True),
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
                layers.append(Doubling(widths[index - 1], features, size, normalization, bias))
            norms = initialized_norms(features, normalization, dimensions=2, classes=self.classes)
            layers += [*norms, nonlinearity(name)]
            if size == attention:
                layers.append(SelfAttention(features, normalization))
        return layers

    def forward(self, latent: Tensor, labels: Tensor | None = None, activated: bool = True) -> Tensor:
        """Images; not `activated` they are what tanh is applied to."""
        images = self.layers(coded(latent, self.categories, self.continuous), labels)
        return torch.tanh(images) if activated else images


class Discriminator(base.Discriminator):
    """Images (N, channels, image_size, image_size) to logits (N,).

    One strided convolution per entry of `widths` halves the side: rounded down where `kernel_size` is 4, up where it is
    5. What is left goes through a linear layer of `hidden` units, if that is not 0, and a last linear layer gives the
    logit from `features` numbers; without `head_bias` that one has no bias, which a loss of differences of logits could
    not train. Batch norm, where asked for, is left out of the first layer (the paper's section 3).
    A `conditional` one takes labels (N,) int64 as well: by "projection" in its head, or by "concatenation" of
    `label_dim` planes to the image. Self-attention follows the feature map whose side is `attention`, and the spread of
    each group of `minibatch_stddev` images joins the last feature map as one more plane (0: there is none). With
    `packing` above 1 that many neighbors are one input of more channels: logits are (N / packing,), one per pack.
    Raises ValueError if `image_size` is too small to be halved that often, classes are missing, no feature map has
    that side, or packs are to have labels.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        widths: Sizes = (64, 128),
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        conditional: bool = False,
        classes: SizeOrNone = 0,
        condition: Literal["projection", "concatenation"] = "projection",
        label_dim: Size = 16,
        kernel_size: Literal[4, 5] = 4,
        hidden: SizeOrNone = 0,
        head_bias: bool | None = None,
        minibatch_stddev: SizeOrNone = 0,
        attention: SizeOrNone = 0,
        packing: Size = 1,
    ) -> None:
        super().__init__()
        self.classes = classes_of(conditional, classes)
        self.packing = packing_of(packing, conditional)
        joins, projects = (conditional and condition == name for name in ("concatenation", "projection"))
        sides = halved_sides(image_size, len(widths), up=kernel_size == 5)
        _check_attention(attention, sides[1:])
        layers: list[nn.Module] = [LabelEmbedding(classes, label_dim)] if joins else []
        inputs = packing * channels + (label_dim if joins else 0)
        layers += halvings(inputs, widths, kernel_size, activation, normalization, sides[1:], attention)
        if minibatch_stddev:
            layers.append(MinibatchStddev(minibatch_stddev))
        flat = (widths[-1] + (minibatch_stddev > 0)) * sides[-1] ** 2
        tail = hidden_layer(flat, hidden, activation, normalization) if hidden else []
        self.features = hidden or flat
        if projects:
            head: nn.Module = ProjectionHead(self.features, classes, normalization, initialize, head_bias is not False)
        else:
            head = initialized(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = LabeledSequential(*layers, nn.Flatten(), *tail, head)

    @property
    def head(self) -> nn.Module:
        """The last layer; its first argument are the features (N, D) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(packed(images, self.packing), labels).squeeze(1)


class Encoder(base.Encoder):
    """Images (N, channels, image_size, image_size) to codes (N, latent_dim), by the discriminator's layers.

    A `gaussian` one gives (N, 2 * latent_dim): the means of the codes, then their log variances, which begin at 0.
    Raises ValueError if `image_size` is too small to be halved that often.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        latent_dim: Size = 100,
        gaussian: bool = False,
        widths: Sizes = (64, 128),
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        kernel_size: Literal[4, 5] = 4,
        hidden: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim, self.gaussian = latent_dim, gaussian
        side = halved_sides(image_size, len(widths), up=kernel_size == 5)[-1]
        flat = widths[-1] * side**2
        body = halvings(channels, widths, kernel_size, activation, normalization)
        tail = hidden_layer(flat, hidden, activation, normalization) if hidden else []
        head = code_head(hidden or flat, latent_dim, gaussian, normalization, initialize)
        self.layers = nn.Sequential(*body, nn.Flatten(), *tail, head)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class JointDiscriminator(base.Discriminator):
    """Images (N, channels, image_size, image_size) and codes (N, latent_dim) to logits (N,), one for each pair.

    The discriminator's convolutions read the image; the code joins what they leave, and a hidden layer of `hidden`
    units reads both (BiGAN: Donahue et al. 2017, section 3, arXiv 1605.09782). `head_bias` is as in the
    discriminator. Raises ValueError if `image_size` is too small to be halved that often.
    """

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        latent_dim: Size = 100,
        widths: Sizes = (64, 128),
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        kernel_size: Literal[4, 5] = 4,
        hidden: Size = 256,
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim, self.features = latent_dim, hidden
        side = halved_sides(image_size, len(widths), up=kernel_size == 5)[-1]
        self.convolutions = nn.Sequential(*halvings(channels, widths, kernel_size, activation, normalization))
        tail = hidden_layer(widths[-1] * side**2 + latent_dim, hidden, activation, normalization)
        head = initialized(nn.Linear(hidden, 1, bias=head_bias is not False), normalization)
        self.layers = nn.Sequential(*tail, head)

    @property
    def head(self) -> nn.Module:
        """The last layer; its argument are the features (N, D) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, codes: Tensor) -> Tensor:
        return self.layers(torch.cat([self.convolutions(images).flatten(1), codes], 1)).squeeze(1)
