"""The swiss roll: a spiral in the plane (the toy code of Gulrajani et al. 2017, arXiv 1704.00028)."""

import math

import torch
from torch import Generator, Tensor

from saddle.bound import Count, Index, Positive
from saddle.data.points import PointData

_BEGIN, _END = 1.5 * math.pi, 4.5 * math.pi
_CORNERS = 1000  # of the polyline, which deviates from the spiral by less than 0.001 standard deviations


class SwissRoll(PointData):
    """Points t (cos t, sin t) with t uniform in [3/2 pi, 9/2 pi], plus noise in both coordinates.

    This is scikit-learn's make_swiss_roll without its depth. The noise (0.25) and the divisor (7.5, here `scale`) are
    those of WGAN-GP's toy code. The points are not divided here, so the coordinates in that code are 7.5 times smaller.
    """

    def __init__(
        self,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        size: Count = 100_000,
        point_seed: Index = 0,
        std: Positive = 0.25,
        scale: Positive = 7.5,
    ) -> None:
        super().__init__(std, scale, batch_size, seed, accumulate, limit, size, point_seed)

    @property
    def curve(self) -> Tensor:
        return _spiral(torch.linspace(_BEGIN, _END, _CORNERS, dtype=torch.float64))

    def centers(self, num: int, generator: Generator) -> Tensor:
        return _spiral(_BEGIN + (_END - _BEGIN) * torch.rand(num, generator=generator, dtype=torch.float64))


def _spiral(angles: Tensor) -> Tensor:
    """Points (N, 2) of the spiral at `angles` (N,), whose radius is the angle."""
    return torch.stack([angles * angles.cos(), angles * angles.sin()], 1)
