"""The swiss roll: a spiral in the plane (the toy code of Gulrajani et al. 2017, arXiv 1704.00028)."""

import math

import torch
from torch import Generator, Tensor

from saddle.bound import Count, Index, Positive
from saddle.data.points import PointData

_BEGIN, _END = 1.5 * math.pi, 4.5 * math.pi
_CORNERS = 1000  # of the broken line: it leaves the spiral by less than 0.001 standard deviations


class SwissRoll(PointData):
    """Points t (cos t, sin t) with t uniform in [3/2 pi, 9/2 pi], and noise in both coordinates.

    As scikit-learn's make_swiss_roll has it without its depth, with the noise (0.25) and, as `scale`, the divisor (7.5)
    of WGAN-GP's toy code. The points are not scaled here: that code's own coordinates are 7.5 times smaller.
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
    return torch.stack([angles * angles.cos(), angles * angles.sin()], 1)
