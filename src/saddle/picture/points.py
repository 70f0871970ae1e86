"""Pictures of toy problems: samples over the data, in the plane."""

from typing import TYPE_CHECKING

from torch import Tensor

from saddle.metric.base import PointDistribution
from saddle.picture.canvas import INK, rendered
from saddle.picture.landscape import Landscape, draw_landscape

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DATA_POINTS = 1500
_DATA_COLOR, _SAMPLE_COLOR = "#ffb000", "#111122"


def reach_of(data: PointDistribution) -> float:
    """Half of the side of the square that pictures show: 1.4 times the largest coordinate of modes or curve."""
    shape = data.modes if data.modes is not None else data.curve
    assert shape is not None, "a distribution of points has modes or a curve"
    return 1.4 * max(float(shape.abs().max()), 4 * data.std)


def point_picture(samples: Tensor, data: PointDistribution, title: str, landscape: Landscape | None = None) -> Tensor:
    """Samples (N, 2) over the data, and below both D's landscape, if there is one: uint8 (3, H, W)."""

    def draw(axes: "Axes") -> None:
        reach = reach_of(data)
        if landscape is not None:
            draw_landscape(axes, landscape, reach)
        draw_points(axes, samples, data, reach)
        axes.set_title(title, loc="left", color=INK, fontsize=11)

    return rendered(draw)


def draw_points(axes: "Axes", samples: Tensor, data: PointDistribution, reach: float) -> None:
    """Draw data and samples in the square of half-width `reach`, and the number of samples outside in a corner."""
    x, y = data.drawn(_DATA_POINTS, "picture").T.numpy()
    axes.scatter(x, y, s=26, c=_DATA_COLOR, linewidths=0, label="data", zorder=2)
    x, y = samples.T.numpy()
    axes.scatter(x, y, s=5, c=_SAMPLE_COLOR, linewidths=0, label="samples", zorder=4)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.tick_params(colors=INK, labelsize=8)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.legend(loc="upper right", fontsize=9, framealpha=0.85, markerscale=2, edgecolor="none")
    outside = int((~(samples.abs() <= reach).all(1)).sum())
    if outside:
        axes.text(0.02, 0.02, f"{outside} samples outside", transform=axes.transAxes, fontsize=9, color=INK)
