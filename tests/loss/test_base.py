import pytest
import torch
from torch.nn.functional import softplus

from saddle.loss.base import check_logits
from saddle.loss.hinge import Hinge
from saddle.loss.least_squares import LeastSquares
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.loss.relativistic_average import RelativisticAverage
from saddle.loss.wasserstein import Wasserstein

OPPONENTS = [  # by hand, of logits r and f
    (Minimax(), lambda r, f: -softplus(-r) - softplus(f)),
    (NonSaturating(0.1), lambda r, f: softplus(r) + softplus(-f)),
    (Hinge(), lambda r, f: r - f),
    (Wasserstein(), lambda r, f: r - f),
    (LeastSquares(), lambda r, f: r.square() / 2 + (f - 1).square() / 2),
    (LeastSquares(-1.0, 2.0, 0.25), lambda r, f: (1 - r - 0.25).square() / 2 + (f - 0.25).square() / 2),
    (Relativistic(), lambda r, f: softplus(r - f)),
    (RelativisticAverage(), lambda r, f: softplus(r.mean() - f) + softplus(r - f.mean())),
]


@pytest.mark.parametrize("shape", [(4, 1), (1, 4), (3,), ()])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"logits of shape \(4,\)"):
        check_logits(torch.zeros(shape), 4)


@pytest.mark.parametrize(
    ("given", "returned"), [("bfloat16", "float32"), ("float32", "float32"), ("float64", "float64")]
)
def test_half_precision_becomes_float32_and_nothing_else_changes(given, returned):
    logits = torch.tensor([1.5, -2.0], dtype=getattr(torch, given))
    checked = check_logits(logits, 2)
    assert checked.dtype == getattr(torch, returned)
    assert checked.tolist() == [1.5, -2.0]


@pytest.mark.parametrize(("loss", "expected"), OPPONENTS, ids=lambda value: type(value).__name__)
def test_an_opponent_of_both_kinds_minimizes_gs_objective_for_each(loss, expected):
    real, fake = (torch.randn(9, dtype=torch.float64, requires_grad=True) for _ in range(2))
    value = loss.opponent(real, fake)
    torch.testing.assert_close(value, expected(real, fake))
    slopes = torch.autograd.grad(value.sum(), (real, fake))
    mirror = torch.autograd.grad(loss.opponent(loss.exchanged(fake), loss.exchanged(real)).sum(), (real, fake))
    torch.testing.assert_close(slopes, mirror)  # it does not matter which of the two is called real
    assert all(slope.abs().sum() > 0 for slope in slopes)
