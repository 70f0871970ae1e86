import numpy as np
import pytest
import torch
from prdc import compute_prdc

from saddle.metric.manifold import manifold


def features(rows: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    return scale * torch.randn(rows, 6, dtype=torch.float64) + shift


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.5, 1.0), (0.0, 0.4), (0.0, 2.0)])
def test_all_four_agree_with_prdc(shift, scale, capsys):
    real, fake = features(1500), features(1200, shift, scale)
    ours, theirs = manifold(real, fake, 5, 5), compute_prdc(real.numpy(), fake.numpy(), nearest_k=5)
    for name, value in theirs.items():
        assert getattr(ours, name) == pytest.approx(float(np.asarray(value)), rel=1e-4, abs=1e-9), name


def test_the_two_neighborhoods_have_a_k_of_their_own():
    real, fake = features(400), features(300, 0.5)
    mixed, three, seven = manifold(real, fake, 3, 7), manifold(real, fake, 3, 3), manifold(real, fake, 7, 7)
    assert (mixed.precision, mixed.recall) == (three.precision, three.recall)
    assert (mixed.density, mixed.coverage) == (seven.density, seven.coverage)
    assert mixed.recall < seven.recall


def test_identical_sets_and_disjoint_sets():
    real = features(300)
    same, apart = manifold(real, real), manifold(real, features(300, 100.0))
    assert (same.precision, same.recall, same.coverage) == (1.0, 1.0, 1.0)
    assert same.density == pytest.approx(1.0, abs=0.25)
    assert (apart.precision, apart.recall, apart.density, apart.coverage) == (0.0, 0.0, 0.0, 0.0)


def test_a_dropped_mode_costs_recall_and_coverage_but_not_precision():
    real = torch.cat([features(500), features(500, 20.0)])
    half, whole = manifold(real, features(1000)), manifold(real, real + 0.01)
    assert half.precision == pytest.approx(0.9, abs=0.05)
    assert (whole.recall, whole.coverage) == (1.0, 1.0)
    assert half.recall == pytest.approx(0.5, abs=0.05)
    assert half.coverage == pytest.approx(0.5, abs=0.05)


def test_balls_on_a_line_by_hand():
    """Real points 0, 1, 10, 11: each 1-ball has radius 1. Fakes 0.5, 20, 21, whose balls have radius 19.5, 1, 1."""
    real = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    fake = torch.tensor([[0.5], [20.0], [21.0]])
    found = manifold(real, fake, 1, 1)
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 1.0  # the lone fake's ball reaches all
    assert found.density == pytest.approx(2 / 3)
    assert found.coverage == pytest.approx(0.5)
