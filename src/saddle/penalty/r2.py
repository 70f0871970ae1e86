"""R2 of Mescheder et al. 2018, eq. 10 (arXiv 1801.04406)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.penalty.base import InputGradientPenalty, squared_norms


@dataclass(frozen=True)
class R2(InputGradientPenalty):
    """E[|grad D(x)|^2] at generated images; `weight` is half of the paper's gamma."""

    at = "fake"

    def values(self, gradient: Tensor) -> Tensor:
        """|grad|^2 per sample, (N,)."""
        return squared_norms(gradient)
