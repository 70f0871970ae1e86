import pytest
import torch
from torch.nn.functional import leaky_relu

from saddle.layer.skip_layer_excitation import SkipLayerExcitation


def test_each_channel_is_multiplied_by_a_number_made_of_the_small_map():
    layer = SkipLayerExcitation(3, 5)
    low, high = torch.randn(2, 3, 8, 8), torch.randn(2, 5, 16, 20)
    pooled = low.unflatten(3, (4, 2)).mean(4).unflatten(2, (4, 2)).mean(3)
    _, window, _, single, _ = layer.layers
    hidden = leaky_relu(torch.einsum("nchw,dchw->nd", pooled, window.weight) + window.bias, 0.1)
    numbers = torch.sigmoid(hidden @ single.weight[:, :, 0, 0].T + single.bias)
    torch.testing.assert_close(layer(high, low), high * numbers[:, :, None, None])


@pytest.mark.parametrize("side", [4, 5, 7, 9])
def test_small_maps_of_any_side_from_4_on(side):
    assert SkipLayerExcitation(3, 5)(torch.ones(2, 5, 6, 6), torch.randn(2, 3, side, side + 1)).shape == (2, 5, 6, 6)
