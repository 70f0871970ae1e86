"""The learning curves of a row: the mean over its seeds, and the band from the smallest to the largest."""

import csv
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from saddle.sweep.comparison import Row

AGAINST = ("images", "cpu_seconds")
"""What curves may be drawn against."""

_POINTS = 100


@dataclass(frozen=True)
class Band:
    """A curve over seeds: the x axis, and mean, smallest and largest value there, each (N,)."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    once: tuple[float, ...] | None = None
    """The value of each run, if all were measured once, so that there is no curve; else None."""


def band_of(row: Row, metric: str, against: str) -> Band | None:
    """The curves of `metric` against "images" or "cpu_seconds" of the trials that did not fail; None without any.

    They are interpolated linearly at the points of the x axis that all of them reach. Where there are no such points,
    the curve is the mean of their last points alone.
    """
    curves = [read_curve(trial.job.folder / "metrics.csv", metric, against) for trial in row.trials if not trial.failed]
    curves = [(x, y) for x, y in curves if len(x)]
    if not curves:
        return None
    if all(len(x) == 1 for x, _ in curves):
        return replace(_last_points(curves), once=tuple(float(y[0]) for _, y in curves))
    first, last = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    if last < first:
        return _last_points(curves)
    grid = np.unique(np.concatenate([x[(x >= first) & (x <= last)] for x, _ in curves] + [[first, last]]))
    if len(grid) > _POINTS:
        grid = np.linspace(first, last, _POINTS)
    values = np.stack([np.interp(grid, x, y) for x, y in curves])
    return Band(grid, values.mean(0), values.min(0), values.max(0))


def _last_points(curves: list[tuple[np.ndarray, np.ndarray]]) -> Band:
    """A curve of one point, the mean of the last points of curves."""
    x, y = np.array([x[-1] for x, _ in curves]), np.array([y[-1] for _, y in curves])
    return Band(x.mean(keepdims=True), y.mean(keepdims=True), y.min(keepdims=True), y.max(keepdims=True))


def read_curve(path: Path, metric: str, against: str) -> tuple[np.ndarray, np.ndarray]:
    """The finite values of one column of metrics.csv, and where they lie on the x axis; empty if they are not there.

    A row that holds a measurement alone has no images and no seconds: they follow linearly from the rows around it.
    """
    measured: list[tuple[float, float]] = []
    counted: list[tuple[float, float]] = [(0.0, 0.0)]
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                iteration = float(row["iteration"])
                if row.get(against):
                    counted.append((iteration, float(row[against])))
                if row.get(metric) and math.isfinite(float(row[metric])):
                    measured.append((iteration, float(row[metric])))
    if not measured or len(counted) == 1:
        return np.empty(0), np.empty(0)
    iterations, values = np.array(measured).T
    return np.interp(iterations, *np.array(counted).T), values
