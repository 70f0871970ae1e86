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
    """Linear layers with normalization and activation. `sizes` are the number of inputs, then the units of each layer.

    A layer in front of batch norm has no bias, because batch norm subtracts it. With `classes` batch norm is
    conditional on the label.
    """
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        linear = nn.Linear(inputs, outputs, bias=normalization != "batch")
        layers.append(weighted(linear, normalization))
        layers += normalized(outputs, normalization, dimensions=1, classes=classes)
        layers.append(nonlinearity(name))
    return layers
