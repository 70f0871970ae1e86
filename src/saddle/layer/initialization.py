"""Initial weights by name."""

import math
from typing import Literal, TypeVar

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrize import is_parametrized

from saddle.layer.projection import ProjectionHead

Initialization = Literal["dcgan", "he"]
"""N(0, 0.02) for all weights (Radford et al. 2016), or a variance that fits each layer's inputs (He et al. 2015)."""


Layer = TypeVar("Layer", bound=nn.Linear | _ConvNd)

RELU_GAIN = math.sqrt(2)
"""The factor by which ReLU shrinks normal numbers, inverted (He et al. 2015, equation 10)."""

LEAKY_RELU_GAIN = math.sqrt(2 / (1 + 0.2**2))
"""The same of leaky ReLU with slope 0.2 (equation 14)."""


def scaled(layer: Layer, gain: float = 1.0) -> Layer:
    """A linear or convolutional `layer` with weights from N(0, gain^2 / inputs) and biases of 0.

    With a gain of 1 its outputs have the variance of its inputs. `RELU_GAIN` and `LEAKY_RELU_GAIN` make up for an
    activation in front of it (He et al. 2015, section 2.2, arXiv 1502.01852).
    """
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(inputs_of(layer)))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def he_initialized(convolution: nn.Conv2d) -> nn.Conv2d:
    """`convolution` with weights drawn from N(0, 2 / inputs), as by `draw_he_weights`, and biases of 0."""
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution


@torch.no_grad()
def draw_he_weights(network: nn.Module, last: nn.Module) -> None:
    """Draw the weights of linear and convolutional layers from N(0, 2 / inputs), and set their biases to 0.

    He et al. 2015, section 2.2, equation 10 (arXiv 1502.01852). `inputs` is the number of values that one output is a
    sum of. No activation follows the layer `last`: the variance of its weights, and of the label vectors of a
    projection head, is 1 / inputs. Spectrally normalized weights stay: their scale is divided out.
    """
    for module in network.modules():
        if isinstance(module, ProjectionHead) and not is_parametrized(module.vectors):
            _draw(module.label_vectors, 1 / module.label_vectors.shape[1])
        if isinstance(module, nn.Linear | _ConvNd) and not is_parametrized(module):
            is_last = module is (last.linear if isinstance(last, ProjectionHead) else last)
            _draw(module.weight, (1 if is_last else 2) / inputs_of(module))
            if module.bias is not None:
                module.bias.zero_()


def inputs_of(layer: nn.Linear | _ConvNd) -> float:
    """The number of values that one output of a linear or convolutional layer is a sum of, away from borders.

    A transposed convolution of stride s reads one in s^2 of the places under its kernel.
    """
    if isinstance(layer, nn.ConvTranspose2d):
        return layer.in_channels * math.prod(layer.kernel_size) / math.prod(layer.stride)
    return layer.weight[0].numel()


def _draw(weight: torch.Tensor, variance: float) -> None:
    weight.copy_(torch.randn_like(weight) * math.sqrt(variance))
