"""Blocks that halve or double the side of feature maps, with DCGAN's initial weights (Radford et al. 2016)."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from saddle.bound import Normalization
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.attention import SelfAttention
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.normalization import normalized, weighted


def halved_sides(image_size: int, halvings: int, up: bool = True) -> list[int]:
    """Side lengths from `image_size` down, each half of the last, rounded `up` or down.

    Raises ValueError if `image_size` is so small that the smallest, rounded up, is less than 2.
    """
    smallest = 2**halvings + 1
    if image_size < smallest:
        raise ValueError(
            f"image_size={image_size} is too small for {halvings} halvings (len(widths)={halvings}): "
            f"use at least {smallest}, or fewer widths"
        )
    sides = [image_size]
    for _ in range(halvings):
        sides.append((sides[-1] + up) // 2)
    return sides


def initialize(module: nn.Module) -> None:
    """Weights from N(0, 0.02) (Radford et al. 2016, section 4); batch norm scales from N(1, 0.02); biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, ConditionalBatchNorm):
        nn.init.normal_(module.gain.weight, 1.0, 0.02)


def initialized(layer: nn.Module, normalization: Normalization) -> nn.Module:
    """`layer` with its initial weights, spectrally normalized if asked."""
    initialize(layer)
    return weighted(layer, normalization)


def initialized_norms(
    features: int, normalization: Normalization, dimensions: int, classes: int = 0
) -> list[nn.Module]:
    """What `normalized` gives, with initial weights."""
    layers = normalized(features, normalization, dimensions, classes)
    for layer in layers:
        initialize(layer)
    return layers


class Doubling(nn.Module):
    """(N, inputs, s, s) to (N, outputs, size, size), where s is half of `size`, rounded up."""

    def __init__(self, inputs: int, outputs: int, size: int, normalization: Normalization, bias: bool) -> None:
        super().__init__()
        self.size = size
        layer = nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=bias)
        self.convolution = initialized(layer, normalization)

    def forward(self, features: Tensor) -> Tensor:
        return self.convolution(features)[..., : self.size, : self.size]


def halvings(
    channels: int,
    widths: Sequence[int],
    kernel_size: int,
    name: Activation,
    normalization: Normalization,
    sides: Sequence[int] = (),
    attention: int = 0,
) -> list[nn.Module]:
    """One strided convolution per entry of `widths`, from `channels` on, each with normalization and activation.

    A side is halved: rounded down where `kernel_size` is 4 (padding 1), up where it is 5 (padding 2). Batch norm is
    left out of the first (the paper's section 3). `sides` are those of the feature maps; self-attention follows the
    one whose side is `attention`, if that is not 0.
    """
    layers: list[nn.Module] = []
    for index, (before, after) in enumerate(pairwise([channels, *widths])):
        batch_norm = normalization == "batch" and index > 0
        padding = (kernel_size - 1) // 2
        convolution = nn.Conv2d(before, after, kernel_size, stride=2, padding=padding, bias=not batch_norm)
        layers.append(initialized(convolution, normalization))
        layers += initialized_norms(after, normalization, dimensions=2) if batch_norm else []
        layers.append(nonlinearity(name))
        if attention and sides[index] == attention:
            layers.append(SelfAttention(after, normalization))
    return layers


def hidden_layer(features: int, units: int, name: Activation, normalization: Normalization) -> list[nn.Module]:
    """A linear layer of `units`, with normalization and activation; before batch norm it has no bias."""
    norms = initialized_norms(units, normalization, dimensions=1)
    linear = nn.Linear(features, units, bias=not norms)
    return [initialized(linear, normalization), *norms, nonlinearity(name)]
