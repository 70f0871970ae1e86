"""Blocks that halve or double the side of feature maps, with DCGAN's initial weights (Radford et al. 2016)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

from saddle.bound import ImageSize, Normalization, Widths, height_and_width
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.attention import SelfAttention
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.initialization import he_initialized
from saddle.layer.normalization import normalized, weighted
from saddle.layer.resampling import Upsampling
from saddle.layer.residual import ResidualBlock

_LEFT = 4  # pixels: fewer hold no shape
_WIDEST = 512  # features, as in StyleGAN


def halved_sides(side: int, halvings: int, up: bool = True) -> list[int]:
    """Side lengths from `side` down, each half of the previous one, rounded `up` or down.

    Raises ValueError if `side` is so small that the smallest one, rounded up, is less than 2.
    """
    smallest = 2**halvings + 1
    if side < smallest:
        noun = "halving" if halvings == 1 else "halvings"
        raise ValueError(
            f"image_size={side} is too small for {halvings} {noun} (len(widths)={halvings}): use at least {smallest}, "
            "or fewer widths"
        )
    sides = [side]
    for _ in range(halvings):
        sides.append((sides[-1] + up) // 2)
    return sides


def halved_sizes(image_size: ImageSize, halvings: int, up: bool = True) -> list[tuple[int, int]]:
    """Height and width from `image_size` down, as `halved_sides`."""
    height, width = height_and_width(image_size)
    return list(zip(halved_sides(height, halvings, up), halved_sides(width, halvings, up), strict=True))


def widths_by_halving(widths: Widths, image_size: ImageSize) -> list[int]:
    """The features behind each halving of images, from large feature maps to small ones.

    A list is returned as it is. One number is the first of them: each later one is twice the one before it, up to 512,
    and there are as many as leave 4 to 8 pixels of the shorter side (at least one).
    """
    if not isinstance(widths, int):
        return list(widths)
    shorter = min(height_and_width(image_size))
    number = max(1, (shorter // _LEFT).bit_length() - 1)  # log2, rounded down
    return [max(widths, min(widths * 2**index, _WIDEST)) for index in range(number)]


def widths_by_doubling(widths: Widths, image_size: ImageSize) -> list[int]:
    """The features in front of each doubling, from small feature maps to large ones.

    A list is returned as it is. One number is the last of them, and the others are those of `widths_by_halving`.
    """
    return widths_by_halving(widths, image_size)[::-1] if isinstance(widths, int) else list(widths)


def initialize(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02) (Radford et al. 2016, section 4), batch norm gains from N(1, 0.02); zero biases."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if not isinstance(module, nn.Embedding) and module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, ConditionalBatchNorm):
        nn.init.normal_(module.gain.weight, 1.0, 0.02)


def initialized(layer: nn.Module, normalization: Normalization) -> nn.Module:
    """`layer` with DCGAN's initial weights, spectrally normalized if `normalization` is "spectral"."""
    initialize(layer)
    return weighted(layer, normalization)


def initialized_norms(
    features: int, normalization: Normalization, dimensions: int, classes: int = 0
) -> list[nn.Module]:
    """The layers of `normalized`, with DCGAN's initial weights."""
    layers = normalized(features, normalization, dimensions, classes)
    for layer in layers:
        initialize(layer)
    return layers


UpsamplingName = Literal["transposed", "nearest", "bilinear"]


class Doubling(nn.Module):
    """Feature maps (N, inputs, h, w) to (N, outputs, H, W), where `size` is H and W, and h and w are half, rounded up.

    "transposed" is a 4x4 fractional-strided convolution. The others are a fixed filter, which makes no checkerboard
    (`saddle.layer.resampling`), and then a 3x3 convolution.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: ImageSize,
        normalization: Normalization,
        bias: bool,
        upsampling: UpsamplingName = "transposed",
    ) -> None:
        super().__init__()
        self.height, self.width = height_and_width(size)
        if upsampling == "transposed":
            layer: nn.Module = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=bias)
            self.upsampling: nn.Module = nn.Identity()
        else:
            layer = nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=bias)
            self.upsampling = Upsampling((self.height, self.width), upsampling)
        self.convolution = initialized(layer, normalization)

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(self.upsampling(features))[..., : self.height, : self.width]


MakeDoubling = Callable[..., Doubling]
"""Makes a `Doubling` of inputs, outputs and size, the other arguments being bound."""


def doublings(
    doubling: MakeDoubling,
    widths: Sequence[int],
    sizes: Sequence[tuple[int, int]],
    name: Activation,
    normalization: Normalization,
    attention: int,
    blocks: int,
    classes: int,
) -> list[nn.Module]:
    """Doublings from widths[0] features to each further one of `widths`, each with normalization and activation.

    `sizes` are those of all feature maps and of the image. `blocks` residual blocks follow each map. Self-attention
    follows the one whose shorter side is `attention`, unless that is 0. Batch norm is conditional on the `classes`.
    """
    layers: list[nn.Module] = []
    for index, (features, size) in enumerate(zip(widths, sizes[:-1], strict=True)):
        if index > 0:
            layers.append(doubling(widths[index - 1], features, size))
        layers += initialized_norms(features, normalization, dimensions=2, classes=classes)
        layers += [ResidualBlock(features, name, normalization) for _ in range(blocks)]
        layers.append(nonlinearity(name))
        if min(size) == attention:
            layers.append(SelfAttention(features, normalization))
    return layers


def halvings(
    channels: int,
    widths: Sequence[int],
    kernel_size: int,
    name: Activation,
    normalization: Normalization,
    sides: Sequence[int] = (),
    attention: int = 0,
    blocks: int = 0,
) -> list[nn.Module]:
    """Strided convolutions from `channels` to each of `widths` in turn, each with normalization and activation.

    Each halves the side: rounded down if `kernel_size` is 4 (padding 1), up if it is 5 (padding 2). The first one has
    no batch norm (the paper's section 3). `blocks` residual blocks follow each one. `sides` are the shorter
    sides of the feature maps; self-attention follows the one whose side is `attention`, unless that is 0.
    """
    layers: list[nn.Module] = []
    padding = (kernel_size - 1) // 2
    for index, (inputs, outputs) in enumerate(pairwise([channels, *widths])):
        batch_norm = normalization == "batch" and index > 0
        convolution = nn.Conv2d(inputs, outputs, kernel_size, stride=2, padding=padding, bias=not batch_norm)
        layers.append(initialized(convolution, normalization))
        if batch_norm:
            layers += initialized_norms(outputs, normalization, dimensions=2)
        layers += [ResidualBlock(outputs, name, normalization) for _ in range(blocks)]
        layers.append(nonlinearity(name))
        if attention and sides[index] == attention:
            layers.append(SelfAttention(outputs, normalization))
    return layers


def convolution_layer(inputs: int, outputs: int, name: Activation, normalization: Normalization) -> list[nn.Module]:
    """A 3x3 convolution that keeps the side, with normalization and activation. In front of batch norm it has no bias.

    Its weights are drawn by He et al. 2015 (section 2.2, arXiv 1502.01852).
    """
    norms = initialized_norms(outputs, normalization, dimensions=2)
    convolution = he_initialized(nn.Conv2d(inputs, outputs, kernel_size=3, padding=1, bias=not norms))
    return [weighted(convolution, normalization), *norms, nonlinearity(name)]


def hidden_layer(features: int, units: int, name: Activation, normalization: Normalization) -> list[nn.Module]:
    """A linear layer of `units` with normalization and activation. In front of batch norm it has no bias."""
    norms = initialized_norms(units, normalization, dimensions=1)
    linear = nn.Linear(features, units, bias=not norms)
    return [initialized(linear, normalization), *norms, nonlinearity(name)]
