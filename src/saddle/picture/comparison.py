"""Figures that compare methods: curves with bands, seeds in a line, and scatters. One color for each method."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Protocol

import numpy as np

from saddle.layout import SOFTWARE
from saddle.picture.canvas import INK, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31", "#7f3c8d", "#11111a", "#999999")
"""The first six are those of Okabe and Ito, which people with color blindness tell apart."""

_WIDE = 20.0
"""The ratio of the largest and the smallest value from which on an axis is logarithmic."""

MOST = len(_COLORS)
"""The largest number of methods in a figure."""


class Curve(Protocol):
    """A curve with a band, each (N,)."""

    @property
    def x(self) -> np.ndarray: ...

    @property
    def mean(self) -> np.ndarray: ...

    @property
    def low(self) -> np.ndarray: ...

    @property
    def high(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Figure:
    """A figure in two forms of file."""

    png: bytes
    svg: str


def curves_figure(curves: Mapping[str, Curve | None], x: str, y: str) -> Figure:
    """Curves with their bands, by the name of the method; `x` and `y` name the axes. A method without one has None.

    The y axis is logarithmic where values above 0 differ by a factor of 20 and more.
    """
    known = {name: curve for name, curve in curves.items() if curve is not None}
    colors = dict(zip(curves, _COLORS, strict=False))

    def draw(axes: "Axes") -> None:
        for name, curve in known.items():
            axes.plot(curve.x, curve.mean, color=colors[name], label=name, linewidth=1.6, marker="o", markersize=2.5)
            axes.fill_between(curve.x, curve.low, curve.high, color=colors[name], alpha=0.18, linewidth=0)
        lowest = min(float(np.min(curve.low)) for curve in known.values())
        highest = max(float(np.max(curve.high)) for curve in known.values())
        if 0 < lowest < highest / _WIDE:
            axes.set_yscale("log")

    return _figure(draw, x, y)


def seeds_figure(
    values: Mapping[str, Sequence[float]], intervals: Mapping[str, tuple[float, float] | None], x: str
) -> Figure:
    """A line for each method, from the top: a dot for each seed, a stroke for their mean, and a bar for its interval.

    The names are those of the methods, and `x` is that of the values. A method may lack values, or an interval.
    """

    def draw(axes: "Axes") -> None:
        for place, (color, (name, seeds)) in enumerate(zip(_COLORS, values.items(), strict=False)):
            low_high = intervals[name]
            if low_high is not None:
                axes.plot(low_high, (place, place), color=color, alpha=0.25, linewidth=10, solid_capstyle="butt")
            if seeds:
                axes.plot(np.mean(seeds), place, color=color, marker="|", markersize=20, markeredgewidth=2)
            axes.plot(seeds, [place] * len(seeds), color=color, marker="o", markersize=5, linestyle="none", alpha=0.8)
        axes.set_yticks(range(len(values)), list(values))
        axes.set_ylim(len(values) - 0.4, -0.6)
        flat = [seed for seeds in values.values() for seed in seeds]
        if 0 < min(flat) < max(flat) / _WIDE:
            axes.set_xscale("log")

    return _figure(draw, x, "", inches=(9.0, 1.2 + 0.45 * len(values)), has_legend=False)


def scatter_figure(points: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str) -> Figure:
    """A dot for each run and a large one for the mean of its method, by the name of the method."""

    def draw(axes: "Axes") -> None:
        for color, (name, places) in zip(_COLORS, points.items(), strict=False):
            horizontal, vertical = np.array(places).T
            axes.scatter(horizontal, vertical, s=14, color=color, alpha=0.6, linewidths=0)
            axes.scatter(horizontal.mean(), vertical.mean(), s=90, color=color, label=name, edgecolors=PAPER)

    return _figure(draw, x, y)


def _figure(
    draw: "Callable[[Axes], None]",
    x: str,
    y: str,
    inches: tuple[float, float] = (9.0, 5.4),
    has_legend: bool = True,
) -> Figure:
    """The figure that `draw` makes on its axes, which are called `x` and `y`."""
    import matplotlib
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=inches, facecolor=PAPER, layout="constrained")
    axes = figure.add_subplot()
    draw(axes)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.tick_params(colors=INK, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    if has_legend:
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False)
    png, svg = BytesIO(), BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "saddle", "svg.fonttype": "none"}):  # the same file each time
        figure.savefig(png, format="png", dpi=120, metadata={"Software": SOFTWARE})
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    return Figure(png.getvalue(), svg.getvalue().decode())
