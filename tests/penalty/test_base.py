import pytest
import torch
from torch import nn

from saddle.penalty.balanced_consistency import BalancedConsistency
from saddle.penalty.base import InputGradientPenalty, Penalty, Term, WeightConstraint, logits_and_input_gradient
from saddle.penalty.dragan import Dragan
from saddle.penalty.feature_matching import FeatureMatching
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.latent_consistency import LatentConsistency
from saddle.penalty.lecam import LeCam
from saddle.penalty.mean_matching import MeanMatching
from saddle.penalty.orthogonal import Orthogonal
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2
from saddle.penalty.reconstruction import Reconstruction
from saddle.penalty.weight_clipping import WeightClipping
from saddle.schedule import Schedule


def network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0)).double()


def test_gradient_is_that_of_finite_differences():
    discriminator, images = network(), torch.randn(3, 1, 2, 2, dtype=torch.float64)
    logits, gradient = logits_and_input_gradient(discriminator, images)
    torch.testing.assert_close(logits, discriminator(images), rtol=0, atol=0)
    step = 1e-6
    for pixel in range(4):
        shift = torch.zeros(4, dtype=torch.float64)
        shift[pixel] = step
        shift = shift.view(1, 1, 2, 2)
        difference = (discriminator(images + shift) - discriminator(images - shift)) / (2 * step)
        torch.testing.assert_close(gradient.flatten(1)[:, pixel], difference, rtol=1e-8, atol=1e-10)


def test_gradient_of_the_penalty_reaches_the_weights_as_finite_differences_say():
    discriminator, images = network(), torch.randn(3, 1, 2, 2, dtype=torch.float64)

    def penalty() -> torch.Tensor:
        return R1(weight=1.0).values(logits_and_input_gradient(discriminator, images)[1]).mean()

    weight = discriminator[1].weight
    (exact,) = torch.autograd.grad(penalty(), weight)
    step = 1e-6
    for index in ((0, 0), (3, 2), (7, 3)):
        with torch.no_grad():
            weight[index] += step
        above = penalty().item()
        with torch.no_grad():
            weight[index] -= 2 * step
        below = penalty().item()
        with torch.no_grad():
            weight[index] += step
        assert exact[index].item() == pytest.approx((above - below) / (2 * step), rel=1e-6)


@pytest.mark.parametrize(("precision", "dtype"), [("32", torch.float32), ("inherit", torch.bfloat16)])
def test_precision_leaves_or_inherits_autocast(precision, dtype):
    seen = []
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(4, 1), nn.Flatten(0))
    discriminator[1].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits_and_input_gradient(discriminator, torch.randn(3, 1, 2, 2), precision)
    assert seen == [dtype]


def test_precision_is_one_setting_as_a_number_and_as_a_word():
    assert [R1(1.0, precision=setting).precision for setting in (32, "32", "inherit")] == ["32", "32", "inherit"]


def test_lazy_penalties_are_due_with_their_gain():
    lazy = R1(weight=0.5, every_iterations=4)
    assert [lazy.due(iteration) for iteration in range(6)] == [True, False, False, False, True, False]
    assert lazy.gain(0) == lazy.gain(10**9) == 2.0
    fading = R1(weight=0.5, every_iterations=4, schedule=Schedule("linear", horizon_images=100, final=0.5))
    assert [fading.gain(images) for images in (0, 50, 100, 200)] == [2.0, 1.5, 1.0, 1.0]
    assert not R1(weight=0.0).due(0)


PENALTIES = {  # whether D's gradient is bounded by it, and whether it works on images only
    R1(1.0): (True, False),
    R2(1.0): (True, False),
    GradientPenalty(10.0): (True, False),
    Dragan(10.0): (True, False),
    WeightClipping(): (True, False),
    BalancedConsistency(1.0): (False, True),
    LatentConsistency(1.0): (False, False),
    FeatureMatching(1.0): (False, False),
    MeanMatching(1.0): (False, False),
    LeCam(1.0): (False, False),
    Orthogonal(1.0): (False, False),
    Reconstruction(1.0): (False, False),
}


@pytest.mark.parametrize(("penalty", "expected"), PENALTIES.items(), ids=lambda value: type(value).__name__)
def test_a_penalty_says_what_it_bounds_and_what_it_works_on(penalty, expected):
    assert (penalty.bounds_gradient, penalty.needs_images) == expected
    assert penalty.bounds_gradient == isinstance(penalty, InputGradientPenalty | WeightConstraint)
    assert penalty.needs_reconstructions == isinstance(penalty, Reconstruction)
    assert isinstance(penalty, Penalty)


def test_only_a_term_with_state_has_a_module_for_it():
    terms = [penalty for penalty in PENALTIES if isinstance(penalty, Term)]
    assert len(terms) == 7
    assert [type(term) for term in terms if term.state is not None] == [LeCam]
    assert terms[0].state is None
    assert "state" not in repr(terms[0])
