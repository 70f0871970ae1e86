"""Normalization by name; every architecture offers the same choices."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from saddle.bound import Normalization
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm


def weighted(layer: nn.Module, normalization: Normalization) -> nn.Module:
    """`layer`; if "spectral", with spectral normalization (Miyato et al. 2018, algorithm 1, arXiv 1802.05957)."""
    return spectral_norm(layer) if normalization == "spectral" else layer


def normalized(features: int, normalization: Normalization, dimensions: int, classes: int = 0) -> list[nn.Module]:
    """The batch norm (Ioffe & Szegedy 2015) after a layer with `features` outputs if "batch", otherwise no layer.

    `dimensions` is 1 for (N, features) and 2 for (N, features, H, W). With `classes` it is conditional on the label.
    """
    if normalization != "batch":
        return []
    if classes:
        return [ConditionalBatchNorm(features, classes, dimensions)]
    return [nn.BatchNorm1d(features) if dimensions == 1 else nn.BatchNorm2d(features)]
