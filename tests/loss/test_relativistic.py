import math

import pytest
import sympy
import torch

from helpers import LOGITS, gradients
from saddle.loss.relativistic import Relativistic

LOSS = Relativistic()


@pytest.mark.parametrize("other", [-2.0, 0.0, 100.0])
@pytest.mark.parametrize("x", LOGITS)
def test_values_and_gradients_are_those_of_log_sigmoid_of_the_difference(x, other):
    r, f = sympy.symbols("r f")
    for function, formula in ((LOSS.discriminator, r - f), (lambda a, b: LOSS.generator(b, a), f - r)):
        value = sympy.log(1 + sympy.exp(-formula))
        fixed = torch.tensor([other], dtype=torch.float64)
        for symbol, at, call in (
            (r, {r: x, f: other}, lambda real, function=function, fixed=fixed: function(real, fixed)),
            (f, {r: other, f: x}, lambda fake, function=function, fixed=fixed: function(fixed, fake)),
        ):
            (found,), (slope,) = gradients(call, [x])
            exact = {name: sympy.Float(number, 150) for name, number in at.items()}
            assert found == pytest.approx(float(value.evalf(150, subs=exact)), rel=1e-12, abs=1e-300)
            assert slope == pytest.approx(
                float(sympy.diff(value, symbol).evalf(150, subs=exact)), rel=1e-12, abs=1e-300
            )


def test_only_differences_count_and_equal_logits_cost_log_two():
    real, fake = torch.randn(5).double(), torch.randn(5).double()
    torch.testing.assert_close(LOSS.discriminator(real + 7, fake + 7), LOSS.discriminator(real, fake))
    assert LOSS.discriminator(real, real).tolist() == pytest.approx([math.log(2)] * 5)
    assert LOSS.relative
    assert LOSS.generator_needs_real
    assert not LOSS.over_batch
