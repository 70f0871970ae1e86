"""Matching of mean images: feature matching (Salimans et al. 2016, section 3.1, arXiv 1606.03498) with f(x) = x."""

from dataclasses import dataclass

from torch import Tensor

from saddle.penalty.base import GeneratorPenalty


@dataclass(frozen=True)
class MeanMatching(GeneratorPenalty):
    """|mean of real images - mean of generated images|^2, summed over pixels.

    This is saddle's reading of the tutorial's penalty on "the difference between generated and real data". It is not
    linear in the batch mean: over several ranks or accumulated parts each part matches its own means.
    """

    def value(self, real: Tensor, fake: Tensor) -> Tensor:
        """The squared distance of the two batch means, a scalar, from images (N, C, H, W)."""
        return (real.mean(0) - fake.to(real.dtype).mean(0)).square().sum()
