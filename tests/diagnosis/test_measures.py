"""The formulas of symptoms, by closed forms."""

import math

import pytest
import torch

from saddle.diagnosis.measures import (
    energy_coefficient,
    kinds,
    label_agreement,
    last_part,
    mean_distance,
    nearest_ratio,
    own_kind,
    probability_above,
    spikes,
    swing,
)


def line(*values: float) -> torch.Tensor:
    """Rows (N, 1) of one feature."""
    return torch.tensor(values, dtype=torch.float64).view(-1, 1)


def test_the_mean_distance_is_over_pairs_of_different_rows():
    assert mean_distance(line(0, 1, 3)) == pytest.approx((1 + 3 + 2) / 3)


def test_the_energy_coefficient_is_1_for_two_points_and_small_for_equal_distributions():
    assert energy_coefficient(line(0, 0), line(5, 5)) == pytest.approx(1.0)
    assert energy_coefficient(line(0, 0), line(0, 0)) == 0.0
    rows = torch.randn(400, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert energy_coefficient(rows[:200], rows[200:]) < 0.02
    # between: 1.5 of 1 and 2; within: 0 and 1; so (2 * 1.5 - 0 - 1) / (2 * 1.5)
    assert energy_coefficient(line(0, 0), line(1, 2)) == pytest.approx((3 - 1) / 3)


def test_kinds_is_the_exponential_of_the_entropy_over_landmarks():
    landmarks = line(0, 10, 20, 30)
    assert kinds(line(0, 0.1, 9, 11), landmarks) == pytest.approx(2.0)
    assert kinds(line(0, 10, 20, 30), landmarks) == pytest.approx(4.0)
    assert kinds(line(1, 1, 1), landmarks) == pytest.approx(1.0)
    entropy = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert kinds(line(0, 0, 0, 10), landmarks) == pytest.approx(math.exp(entropy))


def test_the_probability_above_counts_ties_half():
    assert probability_above(torch.tensor([2.0, 1.0]), torch.tensor([1.0, 0.0])) == pytest.approx(3.5 / 4)


def test_own_kind_is_1_for_two_heaps_and_0_for_pairs_of_different_kinds():
    assert own_kind(line(0, 0.1, 0.2), line(5, 5.1, 5.2)) == 1.0
    assert own_kind(line(0, 10, 20), line(1, 11, 21)) == 0.0


def test_the_nearest_ratio_is_0_for_copies_and_1_for_samples_as_far_as_the_images_are():
    images = line(0, 2, 4, 6)
    assert nearest_ratio(images[:2], images) == 0.0
    assert nearest_ratio(line(1, 3, 5), images) == pytest.approx(0.5)
    assert nearest_ratio(line(8, 8), images) == pytest.approx(1.0)
    assert nearest_ratio(line(1, 1), line(0, 0)) == math.inf
    assert nearest_ratio(line(0, 0), line(0, 0)) == 0.0


def test_labels_agree_with_clusters_and_not_with_noise():
    rows = torch.cat([line(0, 0.1, 0.2, 0.3), line(9, 9.1, 9.2, 9.3)])
    assert label_agreement(rows, torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])) == pytest.approx(1.0)
    assert label_agreement(rows, torch.tensor([0, 1, 0, 1, 0, 1, 0, 1])) == pytest.approx(-1.0)
    assert label_agreement(rows, torch.zeros(8, dtype=torch.int64)) == 0.0


def test_a_straight_line_does_not_swing_and_a_zigzag_swings_by_its_size():
    assert swing([1, 2, 3, 4, 5]) == 0.0
    assert swing([1, -1, 1, -1, 1]) == pytest.approx(2.0)
    assert swing([3, 5]) == 0.0
    assert swing([0, 0, 0, 0]) == 0.0
    assert swing([1, math.inf, -1, 1, -1, 1]) == pytest.approx(2.0)


def test_spikes_are_the_largest_over_the_median():
    assert spikes([2, 1, 8, 2, 2]) == 4.0
    assert spikes([1, math.nan]) == math.inf
    assert spikes([]) == 1.0


def test_the_last_part_has_at_least_one_value():
    assert last_part([1, 2, 3, 4], 0.5) == [3, 4]
    assert last_part([1], 0.1) == [1]
