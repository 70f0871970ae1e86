import pytest
import torch

from helpers import LOGITS, gradients
from saddle.loss.wasserstein import Wasserstein

LOSS = Wasserstein()


def test_values_at_zero():
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(LOSS.discriminator(zero, zero), torch.full_like(zero, 0.0), rtol=1e-12, atol=0)
    torch.testing.assert_close(LOSS.generator(zero), torch.full_like(zero, 0.0), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("x", LOGITS)
def test_gradients_are_the_hand_derived_ones(x):
    fixed = torch.zeros(1, dtype=torch.float64)
    for function, expected in (
        (lambda real: LOSS.discriminator(real, fixed), -1.0),
        (lambda fake: LOSS.discriminator(fixed, fake), 1.0),
        (lambda fake: LOSS.generator(fake), -1.0),
    ):
        _, (gradient,) = gradients(function, [x])
        assert gradient == pytest.approx(expected, rel=1e-9, abs=1e-40)


def test_values_at_large_logits():
    large = torch.tensor([100.0, -100.0])
    torch.testing.assert_close(LOSS.discriminator(large, -large), torch.tensor([-200.0, 200.0]))
    torch.testing.assert_close(LOSS.generator(large), torch.tensor([-100.0, 100.0]))
