"""The metrics of points against the distribution that they should have: by modes, or by a curve."""

import math

from torch import Tensor

from saddle.data.points import PointData
from saddle.metric.manifold import manifold
from saddle.metric.modes import captured, curve_distances

MIXTURE, CURVE = ("modes", "high_quality", "modes_kl", "modes_js"), ("curve_distance", "coverage")
"""The names of the metrics where the data has modes, and where it has a curve."""


def names(data: PointData) -> tuple[str, ...]:
    """The names of the metrics that apply to `data`."""
    return MIXTURE if data.modes is not None else CURVE


def metrics(points: Tensor, data: PointData) -> dict[str, float]:
    """What applies to `points` (N, 2): of a mixture the fields of `saddle.metric.modes.Captured`.

    Along a curve there are no modes to count. There `curve_distance` is the mean distance from it, in the data's
    units (a perfect generator has about std x sqrt(2 / pi), a collapsed one may have as little), and `coverage` the
    share of as many points of the data that have a sample near (Naeem et al. 2020, as in `saddle.metric.manifold`),
    which a collapse brings to 0. Both are at their worst, infinite and 0, where a point is not finite.
    """
    if data.modes is not None:
        return vars(captured(points, data.modes, data.std))
    if not points.isfinite().all():
        return {"curve_distance": math.inf, "coverage": 0.0}
    return {
        "curve_distance": float(curve_distances(points, data.curve).mean()),
        "coverage": manifold(data.drawn(len(points), "coverage"), points).coverage,
    }


def in_words(points: Tensor, data: PointData) -> str:
    """The two metrics of `points` (N, 2) that say most, for a person."""
    found = metrics(points, data)
    if data.modes is not None:
        return f"{found['modes']} of {len(data.modes)} modes, {found['high_quality']:.0%} in high quality"
    return f"{found['curve_distance']:.2f} from the curve, coverage {found['coverage']:.0%}"
