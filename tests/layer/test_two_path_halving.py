import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from saddle.layer.two_path_halving import TwoPathHalving


def test_it_is_the_mean_of_a_strided_and_an_averaging_path():
    block, maps = TwoPathHalving(3, 5, "none"), torch.randn(2, 3, 6, 8)
    averaged = block.averaged[1:](avg_pool2d(maps, 2))
    torch.testing.assert_close(block(maps), (block.strided(maps) + averaged) / 2)
    kernels = [layer.kernel_size for layer in block.modules() if isinstance(layer, nn.Conv2d)]
    assert kernels == [(4, 4), (3, 3), (1, 1)]


@pytest.mark.parametrize("sides", [(6, 8), (5, 7), (5, 8)])
def test_odd_sides_are_rounded_up(sides):
    made = TwoPathHalving(3, 5, "none")(torch.randn(2, 3, *sides))
    assert made.shape == (2, 5, *((side + 1) // 2 for side in sides))


def test_all_its_convolutions_are_spectrally_normalized_if_asked():
    layers = [layer for layer in TwoPathHalving(3, 5, "spectral").modules() if isinstance(layer, nn.Conv2d)]
    assert all(hasattr(layer, "parametrizations") for layer in layers)
