import math

import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from saddle.metric.base import MetricInputs, Read
from saddle.metric.kernel import Kernel, kernel_distance, polynomial_mmd


def features(rows: int, shift: float = 0.0, dimensions: int = 5) -> torch.Tensor:
    return torch.randn(rows, dimensions, dtype=torch.float64) + shift


def test_two_points_each_by_hand():
    first, second = torch.tensor([[1.0], [2.0]]), torch.tensor([[0.0], [3.0]])
    within = ((1 * 2 + 1) ** 3, (0 * 3 + 1) ** 3)
    between = sum((a * b + 1) ** 3 for a in (1, 2) for b in (0, 3)) / 4
    assert polynomial_mmd(first, second) == pytest.approx(within[0] + within[1] - 2 * between, rel=1e-12)


def test_it_agrees_with_torchmetrics():
    first, second = features(300), features(300, 0.3)
    assert polynomial_mmd(first, second) == pytest.approx(float(poly_mmd(first, second)), rel=1e-9)


def test_it_is_unbiased_and_its_error_is_that_of_the_mean():
    """Over many pairs from one distribution the values average to 0, within the error that single calls report."""
    found = torch.tensor([kernel_distance(features(200), features(200), block=20) for _ in range(200)])
    values, errors = found.unbind(1)
    spread = float(values.std())
    assert abs(float(values.mean())) < 4 * spread / math.sqrt(200)
    assert float(errors.mean()) == pytest.approx(spread, rel=0.2)


def test_it_grows_with_the_distance_of_the_distributions():
    real = features(400)
    values = [kernel_distance(real, features(400, shift), block=100)[0] for shift in (0.0, 0.2, 0.4, 0.8)]
    assert values == sorted(values)
    assert values[-1] > 10 * abs(values[0])


def test_the_metric_does_not_depend_on_the_order_of_the_rows():
    """Images of a folder lie side by side with others like them, samples in any order."""
    real, fake = features(2000), features(2000)
    sorted_rows = [Read(rows[rows[:, 0].argsort()], torch.empty(2000, 0)) for rows in (real, fake)]
    shuffled = Read(fake, torch.empty(2000, 0))
    floor = abs(kernel_distance(real, fake, block=200)[0])
    for inputs in (MetricInputs(*sorted_rows), MetricInputs(sorted_rows[0], shuffled)):
        assert abs(Kernel().measure(inputs)["kernel"]) < 3 * floor + 0.01
    assert kernel_distance(sorted_rows[0].features, fake, block=200)[0] > 10 * (3 * floor + 0.01)


def test_blocks():
    first, second = features(250), features(220, 0.1)
    parts = [polynomial_mmd(first[i : i + 100], second[i : i + 100]) for i in (0, 100)]
    value, error = kernel_distance(first, second, block=100)
    assert value == pytest.approx(sum(parts) / 2)
    assert error == pytest.approx(abs(parts[0] - parts[1]) / 2)
    assert math.isnan(kernel_distance(first, second, block=200)[1])
    with pytest.raises(ValueError, match="at least 300 rows on each side, got 250 and 220"):
        kernel_distance(first, second, block=300)
