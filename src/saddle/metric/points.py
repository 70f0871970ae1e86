"""The metrics of points against their known distribution: by its modes, or by its curve."""

import math
from typing import Protocol

from torch import Tensor

from saddle.metric.manifold import manifold
from saddle.metric.modes import captured, curve_distances

MIXTURE, CURVE = ("modes", "high_quality", "modes_kl", "modes_js"), ("curve_distance", "coverage")
"""The names of the metrics where the data has modes, and where it has a curve."""


class PointDistribution(Protocol):
    """A distribution in the plane with Gaussian noise `std`, around `modes` (K, 2) or around a `curve` (K, 2).

    The one that does not apply is None. `saddle.data.points.PointData` is one.
    """

    std: float

    @property
    def modes(self) -> Tensor | None:
        """The means of the mixture."""

    @property
    def curve(self) -> Tensor | None:
        """The corners of the broken line."""

    def drawn(self, num: int, purpose: str) -> Tensor:
        """`num` points (num, 2), float32; each purpose has its own."""


def names(data: PointDistribution) -> tuple[str, ...]:
    """The names of the metrics that apply to `data`."""
    return MIXTURE if data.modes is not None else CURVE


def metrics(points: Tensor, data: PointDistribution) -> dict[str, float]:
    """The metrics of `points` (N, 2): for a mixture the fields of `saddle.metric.modes.Captured`.

    For a curve there are two. `curve_distance` is the mean distance from it, in the data's units: a perfect generator
    has about std x sqrt(2 / pi), and a collapsed one may have as little. `coverage` is the share of N points of the
    data that have a sample nearby (Naeem et al. 2020, as in `saddle.metric.manifold`); a collapse brings it to 0. Both
    take their worst values, infinity and 0, where a point is not finite.
    """
    if data.modes is not None:
        return vars(captured(points, data.modes, data.std))
    assert data.curve is not None, "points are measured by modes or by a curve"
    if not points.isfinite().all():
        return {"curve_distance": math.inf, "coverage": 0.0}
    return {
        "curve_distance": float(curve_distances(points, data.curve).mean()),
        "coverage": manifold(data.drawn(len(points), "coverage"), points).coverage,
    }


def in_words(points: Tensor, data: PointDistribution) -> str:
    """A sentence with the two most telling metrics of `points` (N, 2)."""
    values = metrics(points, data)
    if data.modes is not None:
        return f"{values['modes']} of {len(data.modes)} modes, {values['high_quality']:.0%} in high quality"
    return f"{values['curve_distance']:.2f} from the curve, coverage {values['coverage']:.0%}"
