import pytest
import sympy
import torch

from helpers import finite_differences
from saddle.loss.relativistic_average import RelativisticAverage

HIGH = {  # l+ and l- as the paper writes them
    "logistic": (lambda t: -sympy.log(1 / (1 + sympy.exp(-t))), lambda t: -sympy.log(1 - 1 / (1 + sympy.exp(-t)))),
    "least_squares": (lambda t: (t - 1) ** 2, lambda t: (t + 1) ** 2),
    "hinge": (lambda t: sympy.Max(0, 1 - t), lambda t: sympy.Max(0, 1 + t)),
}
REAL, FAKE = [0.3, -1.25, 2.5], [0.75, -0.5, -4.0]


@pytest.mark.parametrize("shape", HIGH)
def test_values_are_the_papers(shape):
    plus, minus = HIGH[shape]
    real, fake = ([sympy.Rational(str(value)) for value in values] for values in (REAL, FAKE))
    mean_real, mean_fake = sum(real) / 3, sum(fake) / 3
    loss = RelativisticAverage(shape)
    given = torch.tensor(REAL, dtype=torch.float64), torch.tensor(FAKE, dtype=torch.float64)
    expected = [plus(r - mean_fake) + minus(f - mean_real) for r, f in zip(real, fake, strict=True)]
    assert loss.discriminator(*given).tolist() == pytest.approx([float(value) for value in expected], rel=1e-12)
    expected = [plus(f - mean_real) + minus(r - mean_fake) for r, f in zip(real, fake, strict=True)]
    assert loss.generator(given[1], given[0]).tolist() == pytest.approx([float(value) for value in expected], rel=1e-12)


@pytest.mark.parametrize("shape", HIGH)
def test_gradients_go_through_the_means(shape):
    loss, real, fake = (
        RelativisticAverage(shape),
        torch.tensor(REAL, dtype=torch.float64),
        torch.tensor(FAKE, dtype=torch.float64),
    )
    for function, point in (
        (lambda values: loss.discriminator(values, fake).mean(), real),
        (lambda values: loss.discriminator(real, values).mean(), fake),
        (lambda values: loss.generator(values, real).mean(), fake),
    ):
        leaf = point.clone().requires_grad_()
        function(leaf).backward()
        torch.testing.assert_close(leaf.grad, finite_differences(function, point), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("shape", HIGH)
def test_extreme_logits_stay_finite(shape):
    real = torch.tensor([-100.0, 100.0], requires_grad=True)
    fake = torch.tensor([100.0, -100.0], requires_grad=True)
    loss = RelativisticAverage(shape)
    (loss.discriminator(real, fake) + loss.generator(fake, real)).sum().backward()
    assert real.grad.isfinite().all()
    assert fake.grad.isfinite().all()
    assert loss.relative
    assert loss.over_batch
