"""The "2D grid": Gaussians on a square lattice (VEEGAN, Srivastava et al. 2017, arXiv 1705.07761, section 4.1)."""

import torch
from torch import Tensor

from saddle.bound import Count, Few, Index, Positive
from saddle.data.points import MixtureData


class Grid(MixtureData):
    """`side` x `side` Gaussians, `spacing` apart, around the origin.

    The defaults are 25 Gaussians at -4, -2, 0, 2, 4 with a standard deviation of 0.05, as in the code of PacGAN's
    authors (Lin et al. 2018, arXiv 1712.04086). VEEGAN's paper says 25, but gives no other numbers. `scale` 2.828 is
    the standard deviation of a coordinate. The toy code of WGAN-GP divides the same grid by it (Gulrajani et al. 2017,
    arXiv 1704.00028).
    """

    def __init__(
        self,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        size: Count = 100_000,
        point_seed: Index = 0,
        side: Few = 5,
        spacing: Positive = 2.0,
        std: Positive = 0.05,
        scale: Positive = 2.828,
    ) -> None:
        super().__init__(std, scale, batch_size, seed, accumulate, limit, size, point_seed)
        self.side = side
        self.spacing = spacing

    @property
    def modes(self) -> Tensor:
        line = self.spacing * (torch.arange(self.side, dtype=torch.float64) - (self.side - 1) / 2)
        return torch.cartesian_prod(line, line).view(-1, 2)
