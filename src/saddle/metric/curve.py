"""Points against a curve in the plane: how far they lie from it, and how much of it they cover."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import PointDistribution, PointMetric
from saddle.metric.manifold import manifold


def curve_distances(points: Tensor, corners: Tensor) -> Tensor:
    """The distance (N,) of each of `points` (N, 2) from the broken line through `corners` (K, 2), in float64."""
    points, begin, along = points.double(), corners[:-1].double(), corners.double().diff(dim=0)
    distances = []
    for part in points.split(500):
        offset = part.unsqueeze(1) - begin
        share = ((offset * along).sum(2) / along.square().sum(1)).clamp(0, 1)
        squares = (offset - share.unsqueeze(2) * along).square().sum(2)
        distances.append(squares.amin(1).sqrt())
    return torch.cat(distances)


@dataclass(frozen=True)
class Curve(PointMetric):
    """`curve_distance` and `coverage`, where the data lies around a curve.

    `curve_distance` is the mean distance from it, in the data's units: a perfect generator has about std x sqrt(2 /
    pi), and a collapsed one may have as little. `coverage` is the share of N points of the data that have a sample
    nearby (Naeem et al. 2020, as in `saddle.metric.manifold`); a collapse brings it to 0.
    """

    directions = {"curve_distance": "smaller", "coverage": "larger"}
    needs = ("curve",)
    place = 20

    def measure(self, points: Tensor, data: PointDistribution) -> dict[str, float]:
        assert data.curve is not None, "declared by `needs`"
        return {
            "curve_distance": float(curve_distances(points, data.curve).mean()),
            "coverage": manifold(data.drawn(len(points), "coverage"), points).coverage,
        }
