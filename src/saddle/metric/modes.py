"""Points against a mixture whose modes are known: modes captured, share of high quality, and how even the modes are.

As VEEGAN defines them (Srivastava et al. 2017, arXiv 1705.07761, section 4.1; also the authors' page) and PacGAN counts
them (Lin et al. 2018, arXiv 1712.04086; the authors' code), both in 2,500 samples: a sample is of *high quality* if it
lies within three standard deviations of the nearest mode, and a mode is *captured* if it is the nearest of at least one
such sample.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import PointDistribution, PointMetric
from saddle.metric.classes import entropy, histogram, kl_divergence

SAMPLES = 2500
"""The number of samples in both papers."""

_STANDARD_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Captured:
    """`modes` captured; `high_quality`, the share of samples; two divergences in nats between modes' shares and 1/K.

    Both are over the samples of high quality alone, as in PacGAN's code. `modes_kl` is KL(generated || uniform), which
    is log K minus the entropy of the shares: 0 for even shares, log K for one mode. `modes_js` is the Jensen-Shannon
    divergence, at most log 2. Without a sample of high quality there are no shares, and both are infinite.

    A perfect generator does not reach 1 in `high_quality`: of a Gaussian in the plane 1 - exp(-9/2) = 98.89 % lie
    within three standard deviations.
    """

    modes: int
    high_quality: float
    modes_kl: float
    modes_js: float


def captured(points: Tensor, means: Tensor, std: float) -> Captured:
    """How `points` (N, D) capture Gaussians at `means` (K, D) with `std` in each coordinate; all in float64.

    A point that is not finite is of low quality. Raises ValueError without points.
    """
    if len(points) == 0:
        raise ValueError("expected at least one point")
    distance, mode = _distances(points.double(), means.double()).min(1)
    good = distance <= _STANDARD_DEVIATIONS * std  # false for NaN
    share = float(good.double().mean())
    if not good.any():
        return Captured(0, share, math.inf, math.inf)
    shares = histogram(mode[good], len(means))
    even = torch.full_like(shares, 1 / len(means))
    middle = (shares + even) / 2
    js = (kl_divergence(shares, middle) + kl_divergence(even, middle)) / 2
    return Captured(int((shares > 0).sum()), share, math.log(len(means)) - entropy(shares), js)


def _distances(points: Tensor, means: Tensor) -> Tensor:
    """Distances (N, K) from differences, not dot products: modes are narrow compared with their distance from 0."""
    return (points.unsqueeze(1) - means).square().sum(2).sqrt()


@dataclass(frozen=True)
class CapturedModes(PointMetric):
    """The fields of `Captured`, where the data has modes."""

    directions = {"modes": "larger", "high_quality": "larger", "modes_kl": "smaller", "modes_js": "smaller"}
    needs = ("modes",)
    reads_non_finite = True
    place = 10

    def measure(self, points: Tensor, data: PointDistribution) -> dict[str, float]:
        assert data.modes is not None, "declared by `needs`"
        return vars(captured(points, data.modes, data.std))
