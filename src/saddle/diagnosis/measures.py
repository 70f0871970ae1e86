"""The formulas of symptoms: functions of numbers and tensors alone."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.metric.neighbor import distances


def energy_coefficient(samples: Tensor, real: Tensor) -> float:
    """How far samples (N, D) lie from real rows (M, D), in [0, 1]; 0 for equal distributions.

    It is (2 E|X - Y| - E|X - X'| - E|Y - Y'|) / (2 E|X - Y|) (Szekely & Rizzo 2013, energy statistics, section 5),
    over different rows.
    """
    between = float(distances(samples, real).mean())
    within = mean_distance(samples) + mean_distance(real)
    return 0.0 if between == 0 else min(1.0, max(0.0, 1 - within / (2 * between)))


def mean_distance(rows: Tensor) -> float:
    """The mean distance of two different rows of (N, D), N at least 2."""
    number = len(rows)
    return float(distances(rows, rows).fill_diagonal_(0).sum()) / (number * (number - 1))


def kinds(samples: Tensor, landmarks: Tensor) -> float:
    """How many landmarks (M, D) samples (N, D) lie next to, in effect, from 1 to M.

    It is exp of the entropy of the shares of the samples whose nearest landmark each is.
    """
    nearest = distances(samples, landmarks).argmin(1)
    shares = torch.bincount(nearest, minlength=len(landmarks)).double() / len(samples)
    shares = shares[shares > 0]
    return float((-(shares * shares.log()).sum()).exp())


def probability_above(first: Tensor, second: Tensor) -> float:
    """The probability that a number of `first` (N,) is above one of `second` (M,), ties half (area under the ROC)."""
    ahead = first[:, None] - second[None, :]
    return float((ahead.sign().double().mean() + 1) / 2)


def own_kind(samples: Tensor, real: Tensor) -> float:
    """The share of all rows of (N, D) and (N, D) whose nearest neighbor is of their own kind.

    1/2 where the kinds cannot be told apart, 1 where they can (Lopez-Paz & Oquab 2017, arXiv 1610.06545).
    """
    rows = torch.cat([samples, real])
    nearest = distances(rows, rows).fill_diagonal_(torch.inf).argmin(1)
    is_sample = torch.arange(len(rows)) < len(samples)
    return float((is_sample[nearest] == is_sample).double().mean())


def nearest_ratio(samples: Tensor, training: Tensor) -> float:
    """The median distance of samples (N, D) to the nearest training row (M, D), over that of these rows to each other.

    About 1 or more for new samples, near 0 for copies. 0 where samples are copies of rows that repeat themselves.
    """
    to_training = float(distances(samples, training).amin(1).median())
    among = float(distances(training, training).fill_diagonal_(torch.inf).amin(1).median())
    if among == 0:
        return 0.0 if to_training == 0 else math.inf
    return to_training / among


def label_agreement(rows: Tensor, labels: Tensor) -> float:
    """How often the closest rows (N, D) have the same label (N,), from 0, by chance, to 1, always.

    Of each row's nearest neighbor the closest half of these pairs counts, for which labels matter most.
    """
    distance, nearest = distances(rows, rows).fill_diagonal_(torch.inf).min(1)
    closest = distance.argsort()[: max(1, len(rows) // 2)]
    agreement = float((labels[closest] == labels[nearest[closest]]).double().mean())
    shares = torch.bincount(labels).double() / len(labels)
    chance = float(shares.square().sum())
    return 0.0 if chance >= 1 else (agreement - chance) / (1 - chance)


def swing(values: Sequence[float]) -> float:
    """How a curve swings around its own course: the median step between two values, over the median of their sizes.

    0 for a straight line; about 1 where each value is another one altogether. Values that are not finite are left out.
    """
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 3:
        return 0.0
    bends = [
        abs(after - 2 * now + before) / 2 for before, now, after in zip(finite, finite[1:], finite[2:], strict=False)
    ]
    size = median([abs(value) for value in finite])
    return median(bends) / size if size > 0 else 0.0


def spikes(values: Sequence[float]) -> float:
    """The largest value of a curve of norms over its median, at least 1; infinite where a value is not finite."""
    if not values:
        return 1.0
    if not all(math.isfinite(value) for value in values):
        return math.inf
    middle = median(values)
    return max(values) / middle if middle > 0 else 1.0


def median(values: Sequence[float]) -> float:
    """The middle of the sorted values, the upper one of two; raises IndexError without values."""
    return sorted(values)[len(values) // 2]


def last_part(values: Sequence[float], share: float) -> list[float]:
    """The last `share` of the values, at least one."""
    return list(values[-max(1, round(share * len(values))) :])
