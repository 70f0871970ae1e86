"""The "2D ring": Gaussians on a circle (VEEGAN, Srivastava et al. 2017, arXiv 1705.07761, section 4.1)."""

from torch import Tensor

from saddle.bound import Count, Index, Positive, Size
from saddle.data.points import MixtureData, on_circle


class Ring(MixtureData):
    """`count` Gaussians, evenly spaced on a circle of `radius`.

    The defaults are eight Gaussians on the unit circle with a standard deviation of 0.01, as in the code of PacGAN's
    authors (Lin et al. 2018, arXiv 1712.04086). A script published by VEEGAN's first author (GAN_RING.py) has the same
    radius and deviation. It begins at the bottom of the circle, which makes no difference for eight modes.
    """

    def __init__(
        self,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        size: Count = 100_000,
        point_seed: Index = 0,
        count: Size = 8,
        radius: Positive = 1.0,
        std: Positive = 0.01,
        scale: Positive = 1.0,
    ) -> None:
        super().__init__(std, scale, batch_size, seed, accumulate, limit, size, point_seed)
        self.count = count
        self.radius = radius

    @property
    def modes(self) -> Tensor:
        return on_circle(self.count, self.radius)
