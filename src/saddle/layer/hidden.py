"""The hidden layers of a multi-layer perceptron."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from saddle.bound import Normalization
from saddle.layer.activation import Activation, nonlinearity
from saddle.layer.normalization import normalized, weighted


def hidden_layers(
    sizes: Sequence[int], name: Activation, normalization: Normalization, classes: int = 0
) -> list[nn.Module]:
    """Linear layers of `sizes`, the first being the inputs', each with normalization and activation.

    Before batch norm there is no bias, which it would take away; with `classes` batch norm is conditional.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers.append(weighted(nn.Linear(inputs, outputs, bias=normalization != "batch"), normalization))
        layers += normalized(outputs, normalization, dimensions=1, classes=classes)
        layers.append(nonlinearity(name))
    return layers
