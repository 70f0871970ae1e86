"""Activations by name."""

from typing import Literal

from torch import nn

Activation = Literal["relu", "leaky_relu"]


def nonlinearity(name: Activation) -> nn.Module:
    """ReLU, or leaky ReLU with slope 0.2 (the slope of Radford et al. 2016, section 4, arXiv 1511.06434)."""
    return nn.ReLU() if name == "relu" else nn.LeakyReLU(0.2)
