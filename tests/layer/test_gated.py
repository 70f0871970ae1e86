import pytest
import torch
from torch import nn

from saddle.layer.gated import gated_doubling


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize("sides", [(6, 8), (5, 7)])
def test_half_of_the_features_gates_the_other_half(sides, batch_norm):
    layers = nn.Sequential(*gated_doubling(3, 5, sides, batch_norm)).eval()
    features = torch.randn(2, 3, 3, 4)
    assert layers(features).shape == (2, 5, *sides)
    both = layers[:-1](features)
    torch.testing.assert_close(layers(features), both[:, :5] * torch.sigmoid(both[:, 5:]))
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in layers) == batch_norm
    assert (layers[1].bias is None) == batch_norm
