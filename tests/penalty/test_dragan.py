import pytest
import torch
from torch import nn

from helpers import Fixed
from saddle.penalty.base import logits_and_input_gradient
from saddle.penalty.dragan import Dragan


@pytest.mark.parametrize(("norm", "value"), [(1.0, 0.0), (3.0, 4.0), (0.25, 0.5625)])
def test_of_a_linear_discriminator_is_two_sided_in_the_norm_of_its_weight(norm, value):
    linear = nn.Linear(4, 1).double()
    with torch.no_grad():
        linear.weight.mul_(norm / linear.weight.norm())
    discriminator = nn.Sequential(nn.Flatten(), linear, nn.Flatten(0))
    gradient = logits_and_input_gradient(discriminator, torch.randn(5, 1, 2, 2, dtype=torch.float64))[1]
    torch.testing.assert_close(Dragan(10.0).values(gradient), torch.full((5,), value).double(), rtol=1e-9, atol=1e-10)


def test_points_lie_around_real_images():
    real, noise = torch.randn(6, 3, 2, 2), torch.randn(6, 3, 2, 2)
    points = Dragan(10.0, deviation=0.5).points(real, torch.full_like(real, torch.nan), Fixed(noise))
    torch.testing.assert_close(points, real + 0.5 * noise)


def test_a_zero_gradient_has_a_finite_derivative():
    gradient = torch.zeros(2, 1, 2, 2, requires_grad=True)
    Dragan(10.0).values(gradient).sum().backward()
    assert torch.equal(gradient.grad, torch.zeros_like(gradient))
