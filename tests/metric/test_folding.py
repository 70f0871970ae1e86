import torch
from torch import nn

from saddle.metric.folding import folded


def test_layers_without_their_batch_norms_give_the_same():
    torch.manual_seed(0)
    convolution = nn.Conv2d(2, 5, 3, bias=False)
    layers = nn.Sequential(convolution, nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(5 * 16)).double()
    images = torch.randn(32, 2, 6, 6, dtype=torch.float64)
    for _ in range(3):
        layers(images + 1)  # statistics of their own
    fewer = folded(layers)
    assert [type(layer) for layer in fewer] == [nn.Conv2d, nn.ReLU, nn.Flatten, nn.BatchNorm1d]
    torch.testing.assert_close(fewer(images), layers.eval()(images), rtol=1e-12, atol=1e-12)
