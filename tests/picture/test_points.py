import pytest
import torch

from saddle.data.grid import Grid
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.picture.landscape import Landscape
from saddle.picture.points import point_picture, reach_of

RING = Ring(batch_size=8, seed=0, size=1000)


@pytest.mark.parametrize("data", [RING, Grid(batch_size=8, seed=0), SwissRoll(batch_size=8, seed=0)])
def test_all_data_lies_in_the_square_that_is_shown(data):
    assert (
        float(data.drawn(2000, "fresh").abs().max()) < reach_of(data) < 2 * float(data.drawn(9, "x").norm(dim=1).max())
    )


def test_a_picture_shows_samples_where_they_are_and_says_how_many_are_outside():
    inside, outside = torch.full((50, 2), 0.5), torch.full((50, 2), 50.0)
    with_samples, without = (point_picture(points, RING, "title") for points in (inside, outside))
    assert with_samples.dtype == torch.uint8
    assert with_samples.shape == without.shape == (3, 600, 680)
    differ = (with_samples != without).any(0).nonzero()
    mark = differ[differ[:, 1] > 300]  # the words about 50 samples outside stand on the left
    row, column = mark.double().mean(0).tolist()
    share = (0.5 / reach_of(RING) + 1) / 2
    assert column == pytest.approx(680 * (0.06 + 0.795 * share), abs=4)
    assert row == pytest.approx(600 * (1 - 0.05 - 0.9 * share), abs=4)
    assert len(differ[differ[:, 1] < 300]) > 100


def test_a_landscape_is_drawn_below_the_samples():
    logits = torch.linspace(-1, 1, 120).expand(120, 120)  # rising to the right
    landscape = Landscape(logits, torch.zeros(1, 2), torch.ones(1, 2), middle=0.0, width=0.3)
    samples = torch.zeros(1, 2)
    without, with_landscape = point_picture(samples, RING, ""), point_picture(samples, RING, "", landscape)
    left, right = (
        with_landscape[:, 400:, columns].double().mean((1, 2)) for columns in (slice(60, 90), slice(540, 570))
    )
    assert left[0] > left[2]  # red is low
    assert right[0] < right[2]  # blue is high
    assert without[:, 400:, 510:535].double().mean() > right.mean()
