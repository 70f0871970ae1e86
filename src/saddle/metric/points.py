"""How samples of points compare with their distribution, in words."""

from torch import Tensor

from saddle.metric.base import PointDistribution
from saddle.metric.curve import Curve
from saddle.metric.measure import measured_points
from saddle.metric.modes import CapturedModes


def in_words(points: Tensor, data: PointDistribution) -> str:
    """A sentence with the two most telling metrics of `points` (N, 2)."""
    values = measured_points({"captured": CapturedModes(), "curve": Curve()}, points, data)
    if data.modes is not None:
        return f"{values['modes']} of {len(data.modes)} modes, {values['high_quality']:.0%} in high quality"
    return f"{values['curve_distance']:.2f} from the curve, coverage {values['coverage']:.0%}"
