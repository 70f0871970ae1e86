import pytest
import torch
from torch import nn

from saddle.penalty.base import logits_and_input_gradient
from saddle.penalty.r1 import R1
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
    assert [R1(1.0, precision=given).precision for given in (32, "32", "inherit")] == ["32", "32", "inherit"]


def test_lazy_penalties_are_due_with_their_gain():
    lazy = R1(weight=0.5, every_iterations=4)
    assert [lazy.due(iteration) for iteration in range(6)] == [True, False, False, False, True, False]
    assert lazy.gain(0) == lazy.gain(10**9) == 2.0
    fading = R1(weight=0.5, every_iterations=4, schedule=Schedule("linear", horizon_images=100, final=0.5))
    assert [fading.gain(images) for images in (0, 50, 100, 200)] == [2.0, 1.5, 1.0, 1.0]
    assert not R1(weight=0.0).due(0)
