import math

import pytest
import torch

from saddle.data.grid import Grid
from saddle.data.ring import Ring
from saddle.metric.modes import captured

SQUARE = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def test_a_mode_counts_by_one_sample_within_three_deviations_of_it():
    points = torch.tensor([[0.0, 0.0], [0.299, 0.0], [0.0, 0.301], [1.0, 1.2], [5.0, 5.0]])
    found = captured(points, SQUARE, std=0.1)
    assert found.modes == 2  # (0, 1) is the nearest of no sample of high quality
    assert found.high_quality == pytest.approx(3 / 5)


def test_divergences_of_shares_by_hand():
    points = torch.cat([SQUARE[[0]].expand(3, 2), SQUARE[[1]], torch.full((4, 2), 9.0)])
    found = captured(points, SQUARE, std=0.1)
    p = (0.75, 0.25, 0.0, 0.0)
    assert found.modes_kl == pytest.approx(sum(a * math.log(4 * a) for a in p if a), abs=1e-12)
    middle = [(a + 0.25) / 2 for a in p]
    js = sum(a * math.log(a / m) for a, m in zip(p, middle, strict=True) if a) / 2
    js += sum(0.25 * math.log(0.25 / m) for m in middle) / 2
    assert found.modes_js == pytest.approx(js, abs=1e-12)
    one, even = captured(SQUARE[[2]], SQUARE, 0.1), captured(SQUARE, SQUARE, 0.1)
    assert one.modes_kl == pytest.approx(math.log(4))
    assert (even.modes_kl, even.modes_js) == pytest.approx((0, 0), abs=1e-12)


def test_what_is_not_finite_or_far_away_is_of_no_quality():
    points = torch.tensor([[float("nan"), 0.0], [float("inf"), 0.0], [50.0, 0.0]])
    found = captured(points, SQUARE, 0.1)
    assert (found.modes, found.high_quality) == (0, 0.0)
    assert math.isinf(found.modes_kl)
    assert math.isinf(found.modes_js)
    with pytest.raises(ValueError, match="at least one point"):
        captured(torch.zeros(0, 2), SQUARE, 0.1)


@pytest.mark.parametrize("data", [Ring(batch_size=8, seed=0), Grid(batch_size=8, seed=0)])
def test_the_data_itself_captures_all_modes_with_what_a_gaussian_has_within_three_deviations(data):
    found = captured(data.drawn(100_000, "fresh"), data.modes, data.std)
    assert found.modes == len(data.modes)
    assert found.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert found.modes_kl == pytest.approx((len(data.modes) - 1) / 2e5, rel=1)
