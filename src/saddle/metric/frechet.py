"""The Frechet distance between Gaussians (Dowson and Landau 1982; Heusel et al. 2017, arXiv 1706.08500, eq. 6).

    d = |m_a - m_b|^2 + tr(C_a) + tr(C_b) - 2 tr((C_a C_b)^(1/2))

The last trace is the sum of the singular values of A^T B, where A A^T = C_a and B B^T = C_b. Singular values are exact
to rounding of the largest one, whereas the square root of a small eigenvalue of C_a C_b would lose half of the digits.
So covariances may be singular.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import Metric, MetricInputs
from saddle.metric.neighbor import checked


def frechet_distance(first: Tensor, second: Tensor) -> float:
    """The distance, at least 0, between Gaussians fitted to features (N, D) and (M, D); smaller is closer.

    Raises ValueError on what `mean_and_covariance` refuses and on different D.
    """
    return gaussian_distance(*mean_and_covariance(first), *mean_and_covariance(second))


def mean_and_covariance(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D), divided by N - 1, of features (N, D), in float64 on the CPU.

    Raises ValueError unless the features are a finite matrix of at least 2 rows.
    """
    (features,) = checked(features)
    mean = features.mean(0)
    centered = features - mean
    return mean, centered.T @ centered / (len(features) - 1)


def gaussian_distance(mean_a: Tensor, covariance_a: Tensor, mean_b: Tensor, covariance_b: Tensor) -> float:
    """The squared distance of eq. 6, at least 0, from means (D,) and covariances (D, D), float64.

    Raises ValueError if the shapes do not fit or a number is not finite.
    """
    size = len(mean_a)
    shapes = [tuple(value.shape) for value in (mean_a, covariance_a, mean_b, covariance_b)]
    if shapes != [(size,), (size, size)] * 2:
        raise ValueError(f"expected means (D,) and covariances (D, D) of one D, got shapes {shapes}")
    if not all(value.isfinite().all() for value in (mean_a, covariance_a, mean_b, covariance_b)):
        raise ValueError("a mean or covariance holds numbers that are not finite")
    cross = torch.linalg.svdvals(_root(covariance_a).T @ _root(covariance_b)).sum()
    spread = covariance_a.trace() + covariance_b.trace() - 2 * cross
    return max(0.0, float((mean_a - mean_b).square().sum() + spread))


def _root(covariance: Tensor) -> Tensor:
    """A with A A^T = `covariance`; eigenvalues that rounding made negative count as 0."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt()


@dataclass(frozen=True)
class Frechet(Metric):
    """`frechet`, the Frechet distance between the features of samples and of training images."""

    directions = {"frechet": "smaller"}
    place = 10

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"frechet": frechet_distance(inputs.real.features, inputs.fake.features)}
