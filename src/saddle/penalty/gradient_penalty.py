"""The gradient penalty of Gulrajani et al. 2017, eq. 3 and algorithm 1 (arXiv 1704.00028)."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from saddle.penalty.base import InputGradientPenalty, Randomness, norms


@dataclass(frozen=True)
class GradientPenalty(InputGradientPenalty):
    """E[(|grad D(x)| - 1)^2] at points on lines between real and generated images; `weight` is the paper's lambda.

    The norm of a sample is over all of its pixels. If `one_sided`, norms below 1 cost nothing (the paper's section 4;
    Petzka et al. 2018, eq. 8, arXiv 1709.08894).
    """

    one_sided: bool = False

    def points(self, real: Tensor, fake: Tensor, randomness: Randomness) -> Tensor:
        """e x real + (1 - e) x fake with one e in [0, 1) per sample: (N, C, H, W)."""
        share = randomness.uniform("gradient_penalty", (real.shape[0],)).to(real.dtype)
        return torch.lerp(fake.to(real.dtype), real, share.view(-1, *[1] * (real.dim() - 1)))

    def values(self, gradient: Tensor) -> Tensor:
        """(|grad| - 1)^2 per sample, (N,); one-sided, max(0, |grad| - 1)^2."""
        excess = norms(gradient) - 1
        return (relu(excess) if self.one_sided else excess).square()
