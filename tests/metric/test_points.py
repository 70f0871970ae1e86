import torch

from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.metric.points import in_words

RING, ROLL = Ring(batch_size=8, seed=0), SwissRoll(batch_size=8, seed=0)


def test_words_say_modes_and_quality():
    points = torch.cat([RING.modes[:3], torch.zeros(1, 2)])
    assert in_words(points, RING) == "3 of 8 modes, 75% in high quality"
    assert in_words(ROLL.curve[:10], ROLL).startswith("0.00 from the curve, coverage ")


def test_points_that_are_not_finite_have_words_too():
    points = torch.full((10, 2), torch.nan)
    assert in_words(points, RING) == "0 of 8 modes, 0% in high quality"
    assert in_words(points, ROLL) == "inf from the curve, coverage 0%"
