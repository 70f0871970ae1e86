"""The files of a comparison: tables, figures, samples and one page with all of them."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from saddle.error import InputError
from saddle.picture.comparison import MOST, Figure, curves_figure, scatter_figure, seeds_figure
from saddle.sweep.band import Band, band_of
from saddle.sweep.comparison import Comparison, Table
from saddle.sweep.page import Figures, page_of
from saddle.sweep.report import CSV_COLUMNS, csv_rows, markdown_of
from saddle.sweep.samples import MOST_ROWS, label_of, samples_of
from saddle.sweep.statistic import interval

_AXES = {"images": "images", "cpu_seconds": "CPU seconds of training"}


@dataclass(frozen=True)
class Drawn:
    """What is drawn beside the tables."""

    curves: Sequence[str]
    """Metrics, each of which has a figure of learning curves."""
    against: str
    """Their x axis, "images" or "cpu_seconds"."""
    scatter: tuple[str, str] | None
    """Two metrics, against each other."""
    samples: int
    """Samples of each row."""


def write_files(comparison: Comparison, drawn: Drawn, title: str, out: Path) -> None:
    """Write table.csv, table.md, the figures as PNG and SVG, samples.png and index.html into the folder `out`.

    Raises InputError for a metric of a scatter that a finished run lacks. Tables after the first have their number in
    the names of their figures.
    """
    figures: dict[int, Figures] = {}
    for number, table in enumerate(comparison.tables):
        suffix = f"-{number + 1}" if number else ""
        figures[number] = list(_figures(table, drawn, out, suffix))
    with (out / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([CSV_COLUMNS, *csv_rows(comparison)])
    (out / "table.md").write_text(markdown_of(comparison), encoding="utf-8")
    (out / "index.html").write_text(page_of(comparison, title, figures), encoding="utf-8")


def _figures(table: Table, drawn: Drawn, out: Path, suffix: str) -> Iterable[tuple[str, str | bytes]]:
    """The figures of a table with their captions; each is also written as files."""
    best = f"the best {MOST} of {len(table.rows)} rows" if len(table.rows) > MOST else "by row"
    for metric in drawn.curves:
        bands = {label_of(row): band_of(row, metric, drawn.against) for row in table.rows[:MOST]}
        known = [band for band in bands.values() if band is not None]
        if known and all(band.once is not None for band in known):
            caption = f"{metric}, measured once in each run: seeds, their mean, and its 95 % interval ({best})"
            yield caption, _written(_seeds(bands, metric), out / f"seeds_{_file_name(metric)}{suffix}")
        elif known:
            caption = f"{metric}: mean over seeds, and from the smallest to the largest ({best})"
            figure = curves_figure(bands, _AXES[drawn.against], metric)
            yield caption, _written(figure, out / f"curves_{_file_name(metric)}{suffix}")
    if drawn.scatter is not None:
        caption = f"{drawn.scatter[1]} against {drawn.scatter[0]}: runs, and the mean of each row ({best})"
        figure = scatter_figure(_points(table, drawn.scatter), *drawn.scatter)
        yield caption, _written(figure, out / f"scatter{suffix}")
    if drawn.samples:
        picture = _samples(table, drawn.samples)
        if picture is not None:
            (out / f"samples{suffix}.png").write_bytes(picture)
            yield f"Samples of each row's median run, from the same latents (at most {MOST_ROWS} rows)", picture


def _seeds(bands: Mapping[str, Band | None], metric: str) -> Figure:
    """The figure of runs that were measured once."""
    values = {name: () if band is None or band.once is None else band.once for name, band in bands.items()}
    return seeds_figure(values, {name: interval(each) for name, each in values.items()}, metric)


def _samples(table: Table, num: int) -> bytes | None:
    """The picture of samples as a PNG file."""
    from saddle.picture.png import write_png

    picture = samples_of(table, num)
    if picture is None:
        return None
    file = BytesIO()
    write_png(picture, file)
    return file.getvalue()


def _points(table: Table, names: tuple[str, str]) -> dict[str, list[tuple[float, float]]]:
    """The finite values of two metrics in each run, by row; raises InputError for a metric that a run lacks."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in table.rows[:MOST]:
        for trial in row.trials:
            if trial.failed:
                continue
            metrics = trial.summary["metrics"]
            for name in names:
                if name not in metrics:
                    known = ", ".join(metrics)
                    raise InputError(f"--scatter {name}: {trial.job.folder} has no value of it; it has {known}")
            place = (metrics[names[0]], metrics[names[1]])
            if None not in place and all(map(math.isfinite, place)):
                points.setdefault(label_of(row), []).append(place)
    return points


def _written(figure: Figure, path: Path) -> str:
    """The text of a figure's SVG file, once both of its files are written."""
    path.with_name(f"{path.name}.png").write_bytes(figure.png)
    path.with_name(f"{path.name}.svg").write_text(figure.svg, encoding="utf-8")
    return figure.svg


def _file_name(metric: str) -> str:
    return metric.replace("/", "_")
