"""Toy problems: points in the plane, drawn from a known distribution."""

import math
from abc import abstractmethod

import torch
from torch import Generator, Tensor

from saddle.bound import Count, Index, Positive
from saddle.data.memory import MemoryData
from saddle.seed import hashed_seed


class PointData(MemoryData):
    """`size` points (2,) float32 in memory, without labels, in the coordinates of their paper.

    The points depend on the distribution, on `size` and on `point_seed`, never on the run's seed. `std` is the standard
    deviation of the noise around modes or curve, in each coordinate. `scale` is for the networks: they divide
    coordinates by it (`saddle.architecture.points`); data, samples, metrics and pictures are never scaled. PacGAN
    trains on 100,000 points (Lin et al. 2018, arXiv 1712.04086; the authors' code).
    """

    rows_are = "points"

    def __init__(
        self,
        std: Positive,
        scale: Positive,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        size: Count = 100_000,
        point_seed: Index = 0,
    ) -> None:
        super().__init__(batch_size, seed, accumulate, limit)
        self.std, self.scale, self.size, self.point_seed = std, scale, size, point_seed

    @property
    def modes(self) -> Tensor | None:
        """The means of equally likely Gaussians, float64 (K, 2); None if the data has no modes."""
        return None

    @property
    def curve(self) -> Tensor | None:
        """Corners of the polyline around which the data lies, float64 (K, 2), in order; None if there is none."""
        return None

    @abstractmethod
    def centers(self, num: int, generator: Generator) -> Tensor:
        """Points of the distribution without its noise, float64 (num, 2)."""

    def drawn(self, num: int, purpose: str) -> Tensor:
        """`num` points of the distribution, float32 (num, 2), different for each purpose and `point_seed`."""
        generator = Generator().manual_seed(hashed_seed("points", type(self).__name__, purpose, self.point_seed))
        centers = self.centers(num, generator)
        noise = torch.randn(num, 2, generator=generator, dtype=torch.float64)
        return (centers + self.std * noise).float()

    def wanted_bytes(self) -> int:
        return self.size * 2 * (8 + 8 + 8 + 4)  # centers, noise, their sum and that in float32

    def wanted_by(self) -> str:
        return f"data.size={self.size}"

    def load_checked(self) -> tuple[Tensor, None]:
        return self.drawn(self.size, "training"), None


class MixtureData(PointData):
    """Equally likely Gaussians at `modes`."""

    @property
    @abstractmethod
    def modes(self) -> Tensor:
        """The means of the Gaussians, float64 (K, 2)."""

    def centers(self, num: int, generator: Generator) -> Tensor:
        return self.modes[torch.randint(len(self.modes), (num,), generator=generator)]


def on_circle(count: int, radius: float) -> Tensor:
    """`count` evenly spaced points on a circle around the origin, float64 (count, 2); the first is on the right."""
    angles = 2 * math.pi * torch.arange(count, dtype=torch.float64) / count
    return radius * torch.stack([angles.cos(), angles.sin()], 1)
