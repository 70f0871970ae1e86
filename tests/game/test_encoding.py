import math

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from helpers import finite_differences
from saddle.architecture import base
from saddle.game.encoding import beside, code, drawn, kl_from_prior, posterior, precise, squared_error

IMAGES = torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(3)).double() * 2 - 1
MEAN, LOG_VARIANCE, NOISE = torch.randn(3, 6, 3, generator=torch.Generator().manual_seed(4)).double()


class SmallEncoder(base.Encoder):
    """2x2 images to codes of three numbers by one linear layer; if gaussian to means and log variances."""

    latent_dim, classes = 3, 0

    def __init__(self, gaussian: bool) -> None:
        super().__init__()
        self.gaussian, self.linear = gaussian, nn.Linear(4, 6 if gaussian else 3).double()

    def forward(self, images):
        return self.linear(images.flatten(1))


def test_a_posterior_is_means_then_log_variances_and_its_code_is_the_mean():
    encoder = SmallEncoder(gaussian=True)
    outputs = IMAGES.flatten(1) @ encoder.linear.weight.T + encoder.linear.bias
    mean, log_variance = posterior(encoder, IMAGES)
    torch.testing.assert_close(mean, outputs[:, :3])
    torch.testing.assert_close(log_variance, outputs[:, 3:])
    assert torch.equal(code(encoder, IMAGES), mean)
    plain = SmallEncoder(gaussian=False)
    assert torch.equal(code(plain, IMAGES), plain(IMAGES))
    assert code(plain, IMAGES).shape == (6, 3)


def test_the_divergence_is_that_of_torchs_distributions():
    expected = kl_divergence(Normal(MEAN, (LOG_VARIANCE / 2).exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(kl_from_prior(MEAN, LOG_VARIANCE), expected)
    assert kl_from_prior(torch.zeros(2, 3), torch.zeros(2, 3)).tolist() == [0.0, 0.0]
    by_hand = (2.0**2 + math.e - 1 - 1) / 2  # one number: mean 2, variance e
    assert kl_from_prior(torch.tensor([[2.0]]), torch.tensor([[1.0]])).item() == pytest.approx(by_hand)


def test_draws_have_the_posteriors_spread_and_its_gradients():
    latent = drawn(MEAN, LOG_VARIANCE, NOISE)
    torch.testing.assert_close((latent - MEAN) / NOISE, LOG_VARIANCE.exp().sqrt())
    for at, draw in ((MEAN, lambda x: drawn(x, LOG_VARIANCE, NOISE)), (LOG_VARIANCE, lambda x: drawn(MEAN, x, NOISE))):
        point = at.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(draw(point).square().sum(), point)
        torch.testing.assert_close(gradient, finite_differences(lambda x, draw=draw: draw(x).square().sum(), at))


def test_the_error_counts_black_to_white_as_one():
    black, white = torch.full((2, 3, 4, 4), -1.0), torch.full((2, 3, 4, 4), 1.0)
    assert squared_error(black, white).tolist() == [1.0, 1.0]
    assert squared_error(white, white).tolist() == [0.0, 0.0]
    half = white.clone()
    half[1, 0] = -1.0  # one of three channels of the second image
    assert squared_error(white, half).tolist() == pytest.approx([0.0, 1 / 3])


def test_half_precision_is_left_and_double_precision_kept():
    assert precise(torch.ones(2, dtype=torch.bfloat16)).dtype == torch.float32
    assert precise(IMAGES) is IMAGES
    assert posterior(SmallEncoder(gaussian=True), IMAGES)[0].dtype == torch.float64
    assert squared_error(IMAGES, IMAGES).dtype == torch.float64
    many = torch.full((1, 1, 100, 100), 0.1, dtype=torch.bfloat16)
    assert squared_error(many, torch.zeros_like(many)).item() == pytest.approx(0.0025, rel=1e-2)


def test_images_stand_above_what_was_made_of_them():
    numbers = torch.arange(50.0).view(50, 1, 1, 1)
    rows = beside(numbers, 100 + numbers)
    assert rows.shape == (8, 10, 1, 1, 1)
    assert rows[:4, :2].flatten().tolist() == [0, 1, 100, 101, 10, 11, 110, 111]
    few = beside(numbers[:3], 100 + numbers[:3])
    assert few.flatten(1).tolist() == [[0, 1, 2], [100, 101, 102]]
    assert beside(numbers[:25], numbers[:25]).shape == (4, 10, 1, 1, 1)  # 20 of them, in whole rows
