import pytest
import torch

from helpers import LOGITS, gradients
from saddle.loss.least_squares import LeastSquares

LOSS = LeastSquares()


def test_values_at_zero():
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(LOSS.discriminator(zero, zero), torch.full_like(zero, 0.5), rtol=1e-12, atol=0)
    torch.testing.assert_close(LOSS.generator(zero), torch.full_like(zero, 0.5), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("x", LOGITS)
def test_gradients_are_the_hand_derived_ones(x):
    fixed = torch.zeros(1, dtype=torch.float64)
    for function, expected in (
        (lambda real: LOSS.discriminator(real, fixed), x - 1),
        (lambda fake: LOSS.discriminator(fixed, fake), x),
        (lambda fake: LOSS.generator(fake), x - 1),
    ):
        _, (gradient,) = gradients(function, [x])
        assert gradient == pytest.approx(expected, rel=1e-9, abs=1e-40)


def test_values_at_large_logits():
    large = torch.tensor([100.0, -100.0])
    torch.testing.assert_close(
        LOSS.discriminator(large, -large), torch.tensor([0.5 * 99**2 + 0.5 * 100**2, 0.5 * 101**2 + 0.5 * 100**2])
    )
    torch.testing.assert_close(LOSS.generator(large), torch.tensor([0.5 * 99**2, 0.5 * 101**2]))


def test_labels_move_the_minimum():
    loss = LeastSquares(fake_label=-1.0, real_label=2.0, target_label=0.5)
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([-1.0, 1.0])
    assert loss.discriminator(real, fake).tolist() == [0.0, 4.0]
    assert loss.generator(torch.tensor([0.5, 2.5])).tolist() == [0.0, 2.0]
