import math

import numpy as np
import pytest

from saddle.sweep.statistic import interval, is_tied, probability_of_better

VALUES = [3.1, 2.7, 3.9, 3.3, 2.9, 3.6, 3.0, 3.4]


def test_the_bootstrap_interval_is_near_the_normal_one_and_the_same_each_time():
    low, high = interval(VALUES)
    half = 1.96 * np.std(VALUES) / math.sqrt(len(VALUES))  # the bootstrap's deviation is that of the values as they are
    assert low == pytest.approx(np.mean(VALUES) - half, abs=0.02)
    assert high == pytest.approx(np.mean(VALUES) + half, abs=0.02)
    assert interval(VALUES) == (low, high)
    assert interval([2.0, 2.0, 2.0]) == (2.0, 2.0)
    assert interval([2.0]) is interval([]) is None


def test_the_interval_of_two_values_has_their_three_means():
    """0 and 1 give the means 0, 1/2 and 1 with the probabilities 1/4, 1/2 and 1/4."""
    assert interval([0.0, 1.0]) == (0.0, 1.0)


def test_the_probability_is_the_share_of_pairs():
    assert probability_of_better([1, 4], [2, 3], larger=False) == 0.5
    assert probability_of_better([1, 2], [2, 3], larger=False) == 0.875
    assert probability_of_better([1, 2], [2, 3], larger=True) == 0.125
    assert probability_of_better([1, 2], [1, 2], larger=True) == 0.5


def test_a_failed_seed_is_worse_than_every_number():
    for larger in (False, True):
        assert probability_of_better([5.0, math.nan], [9.0, 9.0], larger) == (0.0 if larger else 0.5)
        assert probability_of_better([math.nan], [math.nan], larger) == 0.5
        assert probability_of_better([-1e9 if larger else 1e9], [math.nan], larger) == 1.0


def test_values_far_apart_are_told_apart_and_one_seed_tells_nothing():
    assert not is_tied(VALUES, [value + 2 for value in VALUES])
    assert not is_tied([value + 2 for value in VALUES], VALUES)
    assert is_tied(VALUES, [value + 0.1 for value in VALUES])
    assert is_tied([1.0], VALUES)
    assert is_tied(VALUES, [1000.0])
