import pytest
import torch

from saddle.layer.basis import Basis, BasisProducts


def test_each_map_is_weighed_by_a_linear_function_of_the_vector():
    layer, vectors = Basis(3, 5, (4, 6)), torch.randn(2, 3)
    made = layer(vectors)
    assert made.shape == (2, 5, 4, 6)
    weights = vectors @ layer.linear.weight.T
    for row in range(2):
        for feature in range(5):
            torch.testing.assert_close(made[row, feature], weights[row, feature] * layer.maps[feature])


def test_the_mirror_is_the_global_depthwise_convolution():
    layer, maps = BasisProducts(5, (4, 6)), torch.randn(2, 5, 4, 6)
    expected = torch.nn.functional.conv2d(maps, layer.maps[:, None], groups=5).flatten(1)
    torch.testing.assert_close(layer(maps), expected)


def test_both_keep_the_variance_at_the_start():
    torch.manual_seed(0)
    maps = Basis(64, 500, (4, 4))(torch.randn(20, 64))
    assert maps.std().item() == pytest.approx(1.0, rel=0.05)
    assert BasisProducts(500, (4, 4))(torch.randn(20, 500, 4, 4)).std().item() == pytest.approx(1.0, rel=0.05)
