import pytest
import torch
from torch import nn

from saddle.penalty.base import logits_and_input_gradient
from saddle.penalty.r1 import R1


@pytest.mark.parametrize("channels", [1, 3])
def test_of_a_linear_discriminator_is_the_squared_norm_of_its_weight(channels):
    linear = nn.Linear(channels * 4, 1).double()
    discriminator = nn.Sequential(nn.Flatten(), linear, nn.Flatten(0))
    images = torch.randn(5, channels, 2, 2, dtype=torch.float64)
    values = R1(weight=1.0).values(logits_and_input_gradient(discriminator, images)[1])
    expected = linear.weight.square().sum().expand(5)
    torch.testing.assert_close(values, expected, rtol=1e-12, atol=0)


def test_its_gradient_for_a_linear_discriminator_is_twice_the_weight():
    linear = nn.Linear(4, 1).double()
    discriminator = nn.Sequential(nn.Flatten(), linear, nn.Flatten(0))
    images = torch.randn(5, 1, 2, 2, dtype=torch.float64)
    R1(weight=1.0).values(logits_and_input_gradient(discriminator, images)[1]).mean().backward()
    torch.testing.assert_close(linear.weight.grad, 2 * linear.weight, rtol=1e-12, atol=0)


def test_is_taken_at_real_images():
    assert R1(weight=1.0).at == "real"
