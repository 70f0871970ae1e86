import pytest
import torch
from torch import nn

from helpers import Fixed
from saddle.penalty.base import logits_and_input_gradient
from saddle.penalty.gradient_penalty import GradientPenalty

PENALTY = GradientPenalty(weight=10.0)


@pytest.mark.parametrize(("norm", "value"), [(1.0, 0.0), (3.0, 4.0), (0.25, 0.5625)])
def test_of_a_linear_discriminator_is_two_sided_in_the_norm_of_its_weight(norm, value):
    linear = nn.Linear(4, 1).double()
    with torch.no_grad():
        linear.weight.mul_(norm / linear.weight.norm())
    discriminator = nn.Sequential(nn.Flatten(), linear, nn.Flatten(0))
    gradient = logits_and_input_gradient(discriminator, torch.randn(5, 1, 2, 2, dtype=torch.float64))[1]
    torch.testing.assert_close(PENALTY.values(gradient), torch.full((5,), value).double(), rtol=1e-9, atol=1e-10)


def test_a_one_sided_one_leaves_small_gradients_alone():
    gradient = torch.tensor([0.25, 1.0, 3.0], dtype=torch.float64).view(3, 1, 1, 1)
    values = GradientPenalty(weight=10.0, one_sided=True).values(gradient)
    torch.testing.assert_close(values, torch.tensor([0.0, 0.0, 4.0]).double(), rtol=1e-9, atol=1e-10)


def test_the_norm_is_one_per_sample():
    gradient = torch.stack([torch.full((3, 2, 2), size) for size in (0.0, 1.0, 2.0)]).double()
    expected = torch.tensor([1.0, (12**0.5 - 1) ** 2, (48**0.5 - 1) ** 2], dtype=torch.float64)
    torch.testing.assert_close(PENALTY.values(gradient), expected, rtol=1e-5, atol=0)


def test_a_zero_gradient_has_a_finite_derivative():
    gradient = torch.zeros(2, 1, 2, 2, requires_grad=True)
    PENALTY.values(gradient).sum().backward()
    assert torch.equal(gradient.grad, torch.zeros_like(gradient))


def test_points_lie_between_real_and_fake_with_one_share_per_sample():
    real, fake = torch.randn(6, 3, 2, 2).double(), torch.randn(6, 3, 2, 2).double()
    shares = torch.linspace(0, 1, 6).double()
    points = PENALTY.points(real, fake, Fixed(shares))
    for i, share in enumerate(shares):
        torch.testing.assert_close(points[i], share * real[i] + (1 - share) * fake[i])
