import math

import numpy as np
import pytest

from saddle.sweep.band import band_of, read_curve
from saddle.sweep.comparison import compared
from sweeps import curve, sweep


def test_a_row_with_a_measurement_alone_lies_between_those_around_it(tmp_path):
    file = tmp_path / "metrics.csv"
    counts = [{"iteration": at, "images": 10 * at, "cpu_seconds": at / 4} for at in (40, 80)]
    curve(file, [{"iteration": 20, "metric/frechet": 9.0}, counts[0], {"iteration": 60, "metric/frechet": 7.0}])
    x, y = read_curve(file, "metric/frechet", "images")
    assert (x.tolist(), y.tolist()) == ([200.0, 400.0], [9.0, 7.0])  # nothing is known beyond the last count
    curve(file, [counts[0], {"iteration": 60, "metric/frechet": 7.0}, counts[1]])
    assert [part.tolist() for part in read_curve(file, "metric/frechet", "cpu_seconds")] == [[15.0], [7.0]]
    curve(file, [{**counts[0], "metric/frechet": math.nan}, counts[1]])
    assert read_curve(file, "metric/frechet", "images")[0].size == 0
    assert read_curve(tmp_path / "nowhere.csv", "metric/frechet", "images")[0].size == 0


def test_a_band_has_the_mean_and_the_ends_over_seeds(tmp_path):
    [table] = compared([sweep(tmp_path / "s", {"hinge": [4.0, 6.0, math.nan]})]).tables
    band = band_of(table.rows[0], "metric/frechet", "images")
    assert band.x.tolist() == [1600.0, 6400.0]
    assert (band.mean.tolist(), band.low.tolist(), band.high.tolist()) == ([10.0, 5.0], [8.0, 4.0], [12.0, 6.0])
    assert band.once is None
    assert band_of(table.rows[0], "metric/recall", "images") is None


def test_curves_without_a_common_stretch_become_a_point(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0, 6.0]})
    for folder, at in ((place / "0_loss=hinge,seed=1", 10), (place / "1_loss=hinge,seed=2", 30)):
        value = float(folder.name[0]) * 2 + 4
        curve(folder / "metrics.csv", [{"iteration": at, "images": at, "metric/frechet": value}])
    band = band_of(compared([place]).tables[0].rows[0], "metric/frechet", "images")
    assert (band.x, band.mean, band.low, band.high) == tuple(map(np.array, ([20.0], [5.0], [4.0], [6.0])))
    assert band.once == (4.0, 6.0)


def test_long_curves_are_drawn_at_a_hundred_points(tmp_path):
    place = sweep(tmp_path / "s", {"hinge": [4.0]})
    rows = [{"iteration": at, "images": at, "metric/frechet": at * 0.5} for at in range(1, 1001)]
    curve(place / "0_loss=hinge,seed=1" / "metrics.csv", rows)
    band = band_of(compared([place]).tables[0].rows[0], "metric/frechet", "images")
    assert len(band.x) == 100
    assert band.mean.tolist() == pytest.approx((band.x * 0.5).tolist())
