"""Precision, recall, density and coverage: how samples lie among balls around real images, and vice versa.

Improved precision and recall: Kynkaanniemi et al. 2019 (arXiv 1904.06991, section 3, equations 1 and 2). Density and
coverage: Naeem et al. 2020 (arXiv 2002.09797, section 3, equations 3 and 4). The radius of a ball is the
distance from its center to the k-th nearest neighbor in the same set.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import Count
from saddle.metric.base import Metric, MetricInputs
from saddle.metric.neighbor import checked, distances, in_parts, radii


@dataclass(frozen=True)
class Manifold:
    """`precision`, `recall` and `coverage` in [0, 1]; `density` is about 1 for equal distributions."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: Tensor, fake: Tensor, k_precision: int = 3, k_density: int = 5) -> Manifold:
    """All four from features of real (N, D) and generated images (M, D), with the papers' k by default.

    Raises ValueError on fewer than k + 1 rows, different D, or numbers that are not finite.
    """
    real, fake = checked(real, fake)
    precision_radii, density_radii = radii(real, (k_precision, k_density))
    (fake_radii,) = radii(fake, (k_precision,))
    precise, balls = 0, 0
    recalled, covered = torch.zeros(2, len(real), dtype=torch.bool)
    for part, part_radii in zip(in_parts(fake), in_parts(fake_radii), strict=True):
        distance = distances(part, real)
        precise += int((distance <= precision_radii).any(1).sum())
        balls += int((distance < density_radii).sum())
        covered |= (distance < density_radii).any(0)
        recalled |= (distance <= part_radii.unsqueeze(1)).any(0)
    return Manifold(
        precision=precise / len(fake),
        recall=int(recalled.sum()) / len(real),
        density=balls / (k_density * len(fake)),
        coverage=int(covered.sum()) / len(real),
    )


@dataclass(frozen=True)
class PrecisionRecall(Metric):
    """`precision`, `recall`, `density` and `coverage` of samples among training images.

    `k_precision` is the k of precision and recall, `k_density` that of density and coverage.
    """

    k_precision: Count = 3
    k_density: Count = 5

    directions = {"precision": "larger", "recall": "larger", "density": "larger", "coverage": "larger"}
    place = 60

    @property
    def fewest(self) -> int:
        return max(self.k_precision, self.k_density) + 1

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return vars(manifold(inputs.real.features, inputs.fake.features, self.k_precision, self.k_density))
