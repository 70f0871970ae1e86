"""The sliced Wasserstein distance (Bonneel et al. 2015, section 3) between features."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import Count
from saddle.metric.base import Metric, MetricInputs


@dataclass(frozen=True)
class SlicedWasserstein(Metric):
    """The mean of Wasserstein distances between the features of real images and samples, along random directions."""

    number: Count = 64
    """The number of directions."""

    directions = {"sliced_wasserstein": "smaller"}

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        """The distance, at least 0, in the units of the features."""
        random = torch.Generator().manual_seed(0)
        axes = torch.randn(inputs.real.features.shape[1], self.number, generator=random, dtype=torch.float64)
        axes = axes / axes.norm(dim=0)
        quantiles = torch.linspace(0, 1, 200, dtype=torch.float64)
        real, fake = (_along(read.features, axes, quantiles) for read in (inputs.real, inputs.fake))
        return {"sliced_wasserstein": float((real - fake).abs().mean())}


def _along(features: Tensor, axes: Tensor, quantiles: Tensor) -> Tensor:
    """The quantiles (Q, A) of features (N, D), projected on axes (D, A)."""
    return (features.double() @ axes).quantile(quantiles, dim=0)
