"""What a few seeds say: intervals, ties, and the probability of being better."""

from collections.abc import Sequence

import numpy as np

_RESAMPLES = 10_000
_PERCENTILES = (2.5, 97.5)


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the mean of finite `values`, by the percentile bootstrap; None for fewer than two.

    Values are drawn with replacement 10,000 times (Efron 1979, Annals of Statistics 7), the same way each time. With
    few values the interval is too narrow: it never reaches beyond the smallest and the largest one.
    """
    if len(values) < 2:
        return None
    low, high = np.percentile(_means(values), _PERCENTILES)
    return float(low), float(high)


def is_tied(values: Sequence[float], others: Sequence[float]) -> bool:
    """Whether the 95 % interval of the difference of two means holds 0; True where either has fewer than two values."""
    if len(values) < 2 or len(others) < 2:
        return True
    low, high = np.percentile(_means(values) - _means(others, stream=1), _PERCENTILES)
    return bool(low <= 0 <= high)


def probability_of_better(values: Sequence[float], others: Sequence[float], larger: bool) -> float:
    """The probability, in [0, 1], that one of `values` is better than one of `others`, ties counting half.

    It is the share of pairs (Agarwal et al. 2021, arXiv 2108.13264, section 4.3). NaN is worse than every number.
    `larger` says that larger values are better.
    """
    mine, theirs = _cost(values, larger)[:, None], _cost(others, larger)[None, :]
    return float(((mine < theirs) + 0.5 * (mine == theirs)).mean())


def _cost(values: Sequence[float], larger: bool) -> np.ndarray:
    """Numbers of which the smaller are better."""
    cost = np.asarray(values, dtype=float) * (-1 if larger else 1)
    return np.where(np.isnan(cost), np.inf, cost)


def _means(values: Sequence[float], stream: int = 0) -> np.ndarray:
    """The means (10,000,) of as many values as there are, drawn with replacement."""
    rows = np.random.default_rng(stream).integers(len(values), size=(_RESAMPLES, len(values)))
    means: np.ndarray = np.asarray(values, dtype=float)[rows].mean(1)
    return means
