"""The gradient penalty of DRAGAN (Kodali et al. 2017, section 2, arXiv 1705.07215)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.bound import Positive
from saddle.penalty.base import InputGradientPenalty, Randomness, norms


@dataclass(frozen=True)
class Dragan(InputGradientPenalty):
    """E[(|grad D(x + d)| - 1)^2] around real images, d normal with standard deviation `deviation` per pixel.

    The paper draws d from N(0, c I). The authors' code adds uniform numbers up to half the standard deviation of the
    batch instead; their root mean square is 0.18 for MNIST in [-1, 1]. This follows the paper, which does not depend
    on the batch, with 0.18 as the default. `weight` is the paper's lambda.
    """

    deviation: Positive = 0.18

    def points(self, real: Tensor, fake: Tensor, randomness: Randomness) -> Tensor:
        """real + d, (N, C, H, W)."""
        return real + self.deviation * randomness.noise("dragan", tuple(real.shape)).to(real.dtype)

    def values(self, gradient: Tensor) -> Tensor:
        """(|grad| - 1)^2 per sample, (N,)."""
        return (norms(gradient) - 1).square()
