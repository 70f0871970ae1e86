import math

import pytest
import torch

from saddle.data.swiss_roll import SwissRoll
from saddle.metric.curve import Curve, curve_distances

ROLL = SwissRoll(batch_size=8, seed=0)


def test_distances_from_a_broken_line():
    corner = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])
    points = torch.tensor([[0.5, 0.3], [-3.0, -4.0], [1.0, 1.7], [1.2, 1.0], [1.0, 3.0]])
    torch.testing.assert_close(
        curve_distances(points, corner), torch.tensor([0.3, 5.0, 0.0, 0.2, 1.0]).double(), atol=1e-6, rtol=0
    )


def test_the_data_itself_has_the_floor_of_its_noise_and_covers_itself():
    found = Curve().measure(ROLL.drawn(2500, "fresh"), ROLL)
    assert found["curve_distance"] == pytest.approx(0.25 * math.sqrt(2 / math.pi), rel=0.08)
    assert found["coverage"] > 0.9


def test_a_collapse_onto_the_curve_has_no_distance_and_no_coverage():
    found = Curve().measure(ROLL.curve[500].expand(300, 2) + 1e-3 * torch.randn(300, 2), ROLL)
    assert found["curve_distance"] < 0.01
    assert found["coverage"] < 0.1
