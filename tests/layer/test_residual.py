import pytest
import torch
from torch import nn

from saddle.layer.residual import ResidualBlock


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_a_block_begins_as_the_identity_and_can_leave_it(normalization):
    block = ResidualBlock(6, "leaky_relu", normalization)
    features = torch.randn(3, 6, 5, 7)
    assert torch.equal(block(features), features)
    block(features).square().sum().backward()
    assert block.gain.grad != 0
    with torch.no_grad():
        block.gain.fill_(0.5)
    block.eval()  # in training, norms change from pass to pass
    torch.testing.assert_close(block(features), features + 0.5 * block.layers(features))


def test_its_layers_are_those_of_the_paper():
    kinds = [type(layer) for layer in ResidualBlock(4, "relu").layers]
    assert kinds == [nn.ReLU, nn.Conv2d, nn.ReLU, nn.Conv2d]
    normed = ResidualBlock(4, "relu", "batch").layers
    assert [type(layer) for layer in normed] == [nn.ReLU, nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.Conv2d]
    assert (normed[1].bias, normed[4].bias is not None) == (None, True)


def test_its_weights_keep_the_variance_of_what_relu_lets_through():
    torch.manual_seed(0)
    convolution = ResidualBlock(64, "relu").layers[1]
    assert convolution.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.03)
    assert torch.equal(convolution.bias, torch.zeros(64))
