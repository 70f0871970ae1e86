"""Reads the curves of a run from metrics.csv."""

import csv
from pathlib import Path
from typing import NamedTuple


class Curve(NamedTuple):
    """One column of metrics.csv, without the rows in which it is empty."""

    iterations: list[int]
    values: list[float]


def read_curves(path: Path) -> dict[str, Curve]:
    """The columns of metrics.csv by name, as "loss/generator"; each curve has the iterations of its values."""
    curves: dict[str, Curve] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            iteration = int(float(row.pop("iteration")))
            for name, text in row.items():
                curve = curves.setdefault(name, Curve([], []))
                if text:
                    curve.iterations.append(iteration)
                    curve.values.append(float(text))
    return curves
