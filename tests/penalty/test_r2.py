import torch
from torch import nn

from saddle.penalty.base import logits_and_input_gradient
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2


def test_is_the_squared_norm_at_generated_images():
    linear = nn.Linear(4, 1).double()
    discriminator = nn.Sequential(nn.Flatten(), linear, nn.Flatten(0))
    gradient = logits_and_input_gradient(discriminator, torch.randn(5, 1, 2, 2, dtype=torch.float64))[1]
    torch.testing.assert_close(R2(weight=1.0).values(gradient), linear.weight.square().sum().expand(5))
    assert (R1.at, R2.at) == ("real", "fake")
