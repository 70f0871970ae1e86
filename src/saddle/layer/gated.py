"""Convolutions behind gated linear units, as in FastGAN."""

from torch import nn

from saddle.layer.initialization import scaled
from saddle.layer.resampling import Sides, Upsampling


def gated_doubling(inputs: int, outputs: int, sides: Sides, batch_norm: bool) -> list[nn.Module]:
    """Layers from (N, inputs, h, w) to (N, outputs, height, width), h and w being half of `sides`, rounded up.

    Nearest upsampling, a 3x3 convolution to twice the outputs, batch norm if asked for, and a gated linear unit: half
    of them times the sigmoid of the other half (Liu et al. 2021, figure 3, arXiv 2101.04775; Dauphin et al. 2017,
    section 2, arXiv 1612.08083). In front of batch norm the convolution has no bias.
    """
    convolution = nn.Conv2d(inputs, 2 * outputs, kernel_size=3, padding=1, bias=not batch_norm)
    norm = [nn.BatchNorm2d(2 * outputs)] if batch_norm else []
    return [Upsampling(sides, "nearest"), scaled(convolution), *norm, nn.GLU(1)]
