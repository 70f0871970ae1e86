import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_swiss_roll

from saddle.data.swiss_roll import SwissRoll
from saddle.metric.curve import curve_distances


def test_points_are_distributed_as_those_of_scikit_learn():
    data = SwissRoll(batch_size=8, seed=0)
    ours = data.training()[0].double().norm(dim=1)
    theirs = torch.from_numpy(
        np.linalg.norm(make_swiss_roll(100_000, noise=0.25, random_state=0)[0][:, [0, 2]], axis=1)
    )
    steps = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    torch.testing.assert_close(ours.quantile(steps), theirs.quantile(steps), atol=0.08, rtol=0)
    assert data.modes is None


def test_the_curve_runs_through_the_points_and_its_corners_are_close_enough():
    data = SwissRoll(batch_size=8, seed=0, std=1e-9)
    assert float(curve_distances(data.drawn(2000, "test"), data.curve).max()) < 0.001 * 0.25
    assert data.curve[0].norm() == pytest.approx(1.5 * math.pi)
    assert data.curve[-1].norm() == pytest.approx(4.5 * math.pi)
