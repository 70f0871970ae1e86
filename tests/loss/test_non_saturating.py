import math

import pytest
import torch

from helpers import LOGITS, gradients
from saddle.loss.non_saturating import NonSaturating

LOSS = NonSaturating()


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def test_values_at_zero():
    zero = torch.zeros(3, dtype=torch.float64)
    torch.testing.assert_close(
        LOSS.discriminator(zero, zero), torch.full_like(zero, 2 * math.log(2)), rtol=1e-12, atol=0
    )
    torch.testing.assert_close(LOSS.generator(zero), torch.full_like(zero, math.log(2)), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("x", LOGITS)
def test_gradients_are_the_hand_derived_ones(x):
    fixed = torch.zeros(1, dtype=torch.float64)
    for function, expected in (
        (lambda real: LOSS.discriminator(real, fixed), -sigmoid(-x)),
        (lambda fake: LOSS.discriminator(fixed, fake), sigmoid(x)),
        (lambda fake: LOSS.generator(fake), -sigmoid(-x)),
    ):
        _, (gradient,) = gradients(function, [x])
        assert gradient == pytest.approx(expected, rel=1e-9, abs=1e-40)


def test_values_at_large_logits():
    large = torch.tensor([100.0, -100.0])
    torch.testing.assert_close(LOSS.discriminator(large, -large), torch.tensor([0.0, 200.0]))
    torch.testing.assert_close(LOSS.generator(large), torch.tensor([0.0, 100.0]))


def test_one_sided_label_smoothing_puts_the_optimum_at_its_label():
    smooth = NonSaturating(label_smoothing=0.1)
    fixed = torch.zeros(1, dtype=torch.float64)
    best = math.log(0.9 / 0.1)  # the logit of 0.9
    _, (below, at, above) = gradients(
        lambda real: smooth.discriminator(real, fixed.expand_as(real)), [best - 1, best, best + 1]
    )
    assert at == pytest.approx(0, abs=1e-12)
    assert below == pytest.approx(0.1 - sigmoid(1 - best), rel=1e-9)
    assert above == pytest.approx(0.1 - sigmoid(-1 - best), rel=1e-9)
    assert smooth.discriminator(fixed + 100, fixed - 100).item() == pytest.approx(10.0)  # of the real logit alone
    _, (fake,) = gradients(lambda value: smooth.discriminator(fixed, value), [2.0])
    assert fake == pytest.approx(sigmoid(2.0), rel=1e-9)
    assert torch.equal(smooth.generator(fixed), NonSaturating().generator(fixed))
