"""Convolutional networks after DCGAN (Radford et al. 2016, section 3, arXiv 1511.06434), for any size and channels."""

import math
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.architecture import base
from saddle.bound import Depth, ImageSize, Normalization, Size, SizeOrNone, Widths
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.attention import check_side
from saddle.layer.code import code_of, coded
from saddle.layer.code_head import code_head
from saddle.layer.convolution import (
    Doubling,
    MakeDoubling,
    UpsamplingName,
    convolution_layer,
    doublings,
    halved_sizes,
    halvings,
    hidden_layer,
    initialize,
    initialized,
    initialized_norms,
    widths_by_doubling,
    widths_by_halving,
)
from saddle.layer.initialization import Initialization, draw_he_weights
from saddle.layer.labeled import LabeledSequential, LabelEmbedding, classes_of
from saddle.layer.minibatch_stddev import MinibatchStddev
from saddle.layer.normalization import weighted
from saddle.layer.packing import packed, packing_of
from saddle.layer.projection import ProjectionHead


class Generator(base.Generator):
    """Latent (N, latent_dim) to images (N, channels, H, W) in [-1, 1].

    A linear layer produces (N, widths[0], h, w). Then one fractional-strided convolution per entry of `widths` doubles
    both sides; the last one maps to the channels. `image_size` is reached exactly: odd sides are cropped by one. A
    number as `widths` stands for the list of `saddle.layer.convolution.widths_by_doubling`.

    - `conditional`: the network also takes labels (N,) int64. An embedding of `label_dim` numbers is appended to the
      latent, and batch norm is conditional on the label.
    - `blocks`: that many residual blocks follow each feature map.
    - `last_width`: the last convolution maps to that many features of full size, and a 3x3 convolution maps these to
      the channels; 0 for none.
    - `initialization`: the weights begin as the paper says ("dcgan"), or as He et al. say ("he"), who keep the variance
      of features from layer to layer.
    - `attention`: self-attention follows the feature map with this side, the shorter one; 0 for none.
    - `upsampling`: how both sides are doubled (`saddle.layer.convolution.Doubling`).
    - `categories`, `continuous`: the last numbers of the latent become this code of InfoGAN (`saddle.layer.code`).

    Raises ValueError if `image_size` is too small for that many halvings, a conditional network has no classes, no
    feature map has the side `attention`, or the latent is not longer than its code.
    """

    label_settings = ("label_dim",)
    initial_settings = ("initialization",)
    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 100,
        widths: Widths = 64,
        activation: Activation = "relu",
        normalization: Normalization = "batch",
        conditional: bool = False,
        classes: SizeOrNone = 0,
        label_dim: Size = 16,
        attention: SizeOrNone = 0,
        categories: SizeOrNone = 0,
        continuous: SizeOrNone = 0,
        blocks: Depth = 0,
        last_width: SizeOrNone = 0,
        initialization: Initialization = "dcgan",
        upsampling: UpsamplingName = "transposed",
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.categories, self.continuous = code_of(latent_dim, categories, continuous)
        self.classes = classes_of(conditional, classes)
        widths = widths_by_doubling(widths, image_size)
        self.derived = {"widths": widths}
        sizes = halved_sizes(image_size, len(widths))[::-1]
        check_side(attention, [min(size) for size in sizes[:-1]])
        inputs = latent_dim + (label_dim if conditional else 0)
        first = (widths[0], *sizes[0])
        doubling = partial(Doubling, normalization=normalization, bias=normalization != "batch", upsampling=upsampling)
        projection = nn.Linear(inputs, math.prod(first), bias=normalization != "batch")
        initialize(projection)
        self.layers = LabeledSequential(
            *([LabelEmbedding(classes, label_dim)] if conditional else []),
            weighted(projection, normalization),
            nn.Unflatten(1, first),
            *doublings(doubling, widths, sizes, activation, normalization, attention, blocks, self.classes),
            *self._last(doubling, widths[-1], last_width, channels, image_size, activation, normalization),
        )
        if initialization == "he":
            last = self.layers[-1]
            draw_he_weights(self, last.convolution if isinstance(last, Doubling) else last)

    def _last(
        self,
        doubling: MakeDoubling,
        inputs: int,
        width: int,
        channels: int,
        size: ImageSize,
        name: Activation,
        normalization: Normalization,
    ) -> list[nn.Module]:
        """The layers from the last feature map to the image, through `width` features of full size unless that is 0."""
        if width == 0:
            return [doubling(inputs, channels, size, bias=True)]
        return [
            doubling(inputs, width, size),
            *initialized_norms(width, normalization, dimensions=2, classes=self.classes),
            nonlinearity(name),
            initialized(nn.Conv2d(width, channels, kernel_size=3, padding=1), normalization),
        ]

    def forward(self, latent: Tensor, labels: Tensor | None = None, activated: bool = True) -> Tensor:
        """Images (N, C, H, W); if not `activated`, the numbers whose tanh is the images."""
        images = self.layers(coded(latent, self.categories, self.continuous), labels)
        return torch.tanh(images) if activated else images


class Discriminator(base.Discriminator):
    """Images (N, channels, H, W) to logits (N / packing,). There is no sigmoid.

    One strided convolution per entry of `widths` halves both sides: rounded down if `kernel_size` is 4, up if it is 5.
    A number as `widths` stands for the list of `saddle.layer.convolution.widths_by_halving`. Then a linear layer of
    `hidden` units, unless that is 0, and a last linear layer compute the logit. With batch norm, the first convolution
    has none (the paper's section 3).

    - `conditional`: the network also takes labels (N,) int64. They enter by "projection" in the head, or by
      "concatenation": an embedding of `label_dim` planes is appended to the image.
    - `head_bias`: whether the last layer has a bias; None means yes. Relativistic losses cannot train one.
    - `last_convolutions`: that many 3x3 convolutions follow the last feature map, and keep its width.
    - `minibatch_stddev`: the spread of each group of that many images is appended to the last feature map as one more
      plane; 0 for none.
    - `blocks`, `attention`, `initialization`: as in the generator.
    - `packing`: that many neighboring images form one input with more channels, and get one logit together.

    Raises ValueError if `image_size` is too small for that many halvings, a conditional network has no classes or a
    `packing` above 1, or no feature map has the side `attention`.
    """

    label_settings = ("condition", "label_dim")
    initial_settings = ("initialization",)
    suits_bfloat16 = True

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        widths: Widths = 64,
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
        blocks: Depth = 0,
        last_convolutions: Depth = 0,
        initialization: Initialization = "dcgan",
    ) -> None:
        super().__init__()
        self.classes = classes_of(conditional, classes)
        self.packing = packing_of(packing, conditional)
        concatenates = conditional and condition == "concatenation"
        projects = conditional and condition == "projection"
        widths = widths_by_halving(widths, image_size)
        self.derived = {"widths": widths}
        sizes = halved_sizes(image_size, len(widths), up=kernel_size == 5)
        sides = [min(size) for size in sizes[1:]]
        check_side(attention, sides)
        layers: list[nn.Module] = [LabelEmbedding(classes, label_dim)] if concatenates else []
        inputs = packing * channels + (label_dim if concatenates else 0)
        layers += halvings(inputs, widths, kernel_size, activation, normalization, sides, attention, blocks)
        for _ in range(last_convolutions):
            layers += convolution_layer(widths[-1], widths[-1], activation, normalization)
        if minibatch_stddev:
            layers.append(MinibatchStddev(minibatch_stddev))
        flat = (widths[-1] + (minibatch_stddev > 0)) * math.prod(sizes[-1])
        tail = hidden_layer(flat, hidden, activation, normalization) if hidden else []
        self.features = hidden or flat
        if projects:
            head: nn.Module = ProjectionHead(self.features, classes, normalization, initialize, head_bias is not False)
        else:
            head = initialized(nn.Linear(self.features, 1, bias=head_bias is not False), normalization)
        self.layers = LabeledSequential(*layers, nn.Flatten(), *tail, head)
        if initialization == "he":
            draw_he_weights(self, head)

    @property
    def head(self) -> nn.Module:
        """The last layer. Its first argument is the features (N / packing, features) that the logit is made of."""
        return self.layers[-1]

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.layers(packed(images, self.packing), labels).squeeze(1)


class Encoder(base.Encoder):
    """Images (N, channels, H, W) to codes (N, latent_dim), by the layers of the discriminator.

    If `gaussian`, the output is (N, 2 * latent_dim): the means of the codes, then their log variances, which begin at
    0. Raises ValueError if `image_size` is too small for that many halvings.
    """

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 100,
        gaussian: bool = False,
        widths: Widths = 64,
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        kernel_size: Literal[4, 5] = 4,
        hidden: SizeOrNone = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.gaussian = gaussian
        widths = widths_by_halving(widths, image_size)
        self.derived = {"widths": widths}
        flat = widths[-1] * math.prod(halved_sizes(image_size, len(widths), up=kernel_size == 5)[-1])
        body = halvings(channels, widths, kernel_size, activation, normalization)
        tail = hidden_layer(flat, hidden, activation, normalization) if hidden else []
        head = code_head(hidden or flat, latent_dim, gaussian, normalization, initialize)
        self.layers = nn.Sequential(*body, nn.Flatten(), *tail, head)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class JointDiscriminator(base.Discriminator):
    """Images (N, channels, H, W) and their codes (N, latent_dim) to logits (N,), one for each pair.

    The convolutions of the discriminator read the image. The code is appended to the last feature map, and a hidden
    layer of `hidden` units reads both (BiGAN: Donahue et al. 2017, section 3, arXiv 1605.09782). `head_bias` is as in
    the discriminator. Raises ValueError if `image_size` is too small for that many halvings.
    """

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        latent_dim: Size = 100,
        widths: Widths = 64,
        activation: Activation = "leaky_relu",
        normalization: Normalization = "none",
        kernel_size: Literal[4, 5] = 4,
        hidden: Size = 256,
        head_bias: bool | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.features = hidden
        widths = widths_by_halving(widths, image_size)
        self.derived = {"widths": widths}
        flat = widths[-1] * math.prod(halved_sizes(image_size, len(widths), up=kernel_size == 5)[-1])
        self.convolutions = nn.Sequential(*halvings(channels, widths, kernel_size, activation, normalization))
        tail = hidden_layer(flat + latent_dim, hidden, activation, normalization)
        head = initialized(nn.Linear(hidden, 1, bias=head_bias is not False), normalization)
        self.layers = nn.Sequential(*tail, head)

    @property
    def head(self) -> nn.Module:
        """The last layer, from the features (N, features) to the logits."""
        return self.layers[-1]

    def forward(self, images: Tensor, codes: Tensor) -> Tensor:
        features = self.convolutions(images).flatten(1)
        return self.layers(torch.cat([features, codes], 1)).squeeze(1)
