import math

import pytest
import torch

from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.metric.points import in_words, metrics, names

RING, ROLL = Ring(batch_size=8, seed=0), SwissRoll(batch_size=8, seed=0)


@pytest.mark.parametrize("data", [RING, ROLL])
def test_the_metrics_have_the_names_that_are_announced(data):
    assert tuple(metrics(data.drawn(300, "fresh"), data)) == names(data)


def test_along_a_curve_the_data_itself_has_the_floor_of_its_noise_and_covers_itself():
    found = metrics(ROLL.drawn(2500, "fresh"), ROLL)
    assert found["curve_distance"] == pytest.approx(0.25 * math.sqrt(2 / math.pi), rel=0.08)
    assert found["coverage"] > 0.9


def test_a_collapse_onto_the_curve_has_no_distance_and_no_coverage():
    found = metrics(ROLL.curve[500].expand(300, 2) + 1e-3 * torch.randn(300, 2), ROLL)
    assert found["curve_distance"] < 0.01
    assert found["coverage"] < 0.1


def test_points_that_are_not_finite_have_the_worst_metrics():
    points = ROLL.drawn(100, "fresh")
    points[3, 0] = math.nan
    assert metrics(points, ROLL) == {"curve_distance": math.inf, "coverage": 0.0}


def test_words_say_modes_and_quality():
    points = torch.cat([RING.modes[:3], torch.zeros(1, 2)])
    assert in_words(points, RING) == "3 of 8 modes, 75% in high quality"
    assert in_words(ROLL.curve[:10], ROLL).startswith("0.00 from the curve, coverage ")
