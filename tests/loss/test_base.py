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


LOSSES = [
    *(Minimax(), NonSaturating(), Hinge(), LeastSquares(), Wasserstein(), Relativistic()),
    *(RelativisticAverage(shape) for shape in ("logistic", "least_squares", "hinge")),
]


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_relative_is_the_loss_that_a_constant_added_to_all_logits_does_not_change(loss):
    real, fake = torch.randn(2, 9, dtype=torch.float64)
    unchanged = torch.allclose(loss.discriminator(real + 0.5, fake + 0.5), loss.discriminator(real, fake))
    assert loss.relative == unchanged


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_loss_that_needs_a_bounded_gradient_is_the_one_that_is_unbounded_below(loss):
    far = torch.full((3,), 1e6)
    assert loss.needs_lipschitz == bool((loss.discriminator(far, -far) < -1).all())


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_inside_its_margin_a_loss_is_the_wasserstein_loss(loss):
    real, fake = 2 * torch.rand(2, 9, dtype=torch.float64) - 1
    difference = loss.discriminator(real, fake) - Wasserstein().discriminator(real, fake)
    linear = torch.allclose(difference, difference.mean())
    assert loss.has_margin == (linear and not loss.needs_lipschitz)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_sign_of_a_logit_is_meaningful_where_zero_is_as_far_from_real_as_from_generated(loss):
    logits = torch.tensor([-0.3, 0.0, 0.3], dtype=torch.float64, requires_grad=True)
    on_real = torch.autograd.grad(loss.discriminator(logits, torch.zeros_like(logits)).sum(), logits)[0]
    on_fake = torch.autograd.grad(loss.discriminator(torch.zeros_like(logits), logits).sum(), logits)[0]
    balanced = torch.allclose(on_real + on_fake.flip(0), torch.zeros_like(on_real))
    assert loss.logit_sign_is_meaningful == (balanced and not loss.relative)


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_only_the_loss_of_r3gan_needs_a_penalty_on_the_input_gradient(loss):
    assert loss.needs_input_gradient_penalty == isinstance(loss, Relativistic)
    if loss.generator_needs_real:
        with pytest.raises(ValueError, match="logits on real images"):
            loss.generator(torch.zeros(3))
