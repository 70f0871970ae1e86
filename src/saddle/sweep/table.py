"""The table of a sweep: printed when it ends and by `saddle table`, and kept as table.csv."""

import csv
import math
import shlex
import signal
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from saddle.file import relative, replacing
from saddle.run.lock import remove_claimed
from saddle.sweep.jobs import Job, read_jobs, settings_of, varying_settings

_LARGER_IS_BETTER = (
    *("metric/modes", "metric/high_quality", "metric/coverage"),  # of toy problems
    *("metric/elbo", "metric/information", "metric/information_continuous", "metric/code_agreement"),
    *("metric/neighbor_accuracy", "metric/class_accuracy", "metric/as_asked", "metric/label_preservation"),
)
"""Metrics of which more is better; of every other, less."""

_COLUMNS = ("number", "folder", "state", "overrides", "objective", "iterations", "seconds")


Row = tuple[tuple[str, ...], list[float]]
"""The values of the settings that vary, and the objectives of the jobs that have them."""


def show(sweep: Path) -> list[Job]:
    """Print the table of a sweep and write table.csv; its jobs. Raises InputError if it is no sweep."""
    jobs = read_jobs(sweep)
    write_csv(jobs, sweep / "table.csv")
    print(text_of(jobs, settings_of(sweep).get("objective"), sweep), flush=True)
    return jobs


def conclude(sweep: Path, stopped_by: int | None) -> int:
    """The end of a sweep: its table, the command that goes on with what is not finished, and the exit code.

    `stopped_by` is the number of the signal that ended the sweep, or None.
    """
    jobs = read_jobs(sweep)
    if stopped_by is None and all(job.is_refused for job in jobs):
        remove_claimed()
        print("\n".join(dict.fromkeys(job.reason for job in jobs)), file=sys.stderr)
        return 2
    show(sweep)
    if all(job.state == "finished" for job in jobs):
        return 0
    command = f"python train.py resume={shlex.quote(str(relative(sweep)))}"
    cause = f"stopped by {signal.Signals(stopped_by).name}" if stopped_by else "not every job is finished"
    print(f"{cause}; go on with: {command}", file=sys.stderr)
    return 128 + stopped_by if stopped_by else 1


def rows_of(jobs: Sequence[Job], objective: str | None = None) -> list[Row]:
    """A row for each combination of the settings that vary beside the seed, best mean first.

    Only finished jobs that have an objective count. Where one is not finite, so is the mean, and the row comes last.
    """
    sign = -1 if objective in _LARGER_IS_BETTER else 1
    names = choices(jobs)
    objectives: dict[tuple[str, ...], list[float]] = {}
    for job in jobs:
        if job.state == "finished" and job.objective is not None:
            values = tuple(job.overrides.get(name, "") for name in names)
            objectives.setdefault(values, []).append(job.objective)

    def order(row: Row) -> tuple[bool, float]:
        mean = statistics.fmean(row[1])
        return not math.isfinite(mean), sign * mean

    return sorted(objectives.items(), key=order)


def choices(jobs: Sequence[Job]) -> list[str]:
    """The settings that differ between jobs, without the seed."""
    names = varying_settings([job.overrides for job in jobs])
    return [name for name in names if name != "seed"]


def text_of(jobs: Sequence[Job], objective: str | None, sweep: Path) -> str:
    """The table of a sweep in words."""
    better = "larger" if objective in _LARGER_IS_BETTER else "smaller"
    lines = ["", f"{relative(sweep)}: {objective or 'no objective'}, {better} is better", ""]
    rows: list[list[str]] = []
    for values, objectives in rows_of(jobs, objective):
        rows.append([*values, str(len(objectives)), f"{statistics.fmean(objectives):.4f}", _spread(objectives)])
    if rows:
        names = choices(jobs)
        lines += _aligned([[*names, "n", "mean", "spread"], *rows], len(names))
    stamps = sorted({job.stamp for job in jobs if job.stamp and job.state == "finished"})
    if objective and objective.startswith("metric/") and len(stamps) > 1:
        lines += ["", "  these were measured in different ways and cannot be compared:"]
        lines += [f"    {stamp}" for stamp in stamps]
    unfinished = [job for job in jobs if job.state != "finished"]
    lines += ["", f"  {len(jobs) - len(unfinished)} of {len(jobs)} jobs finished"]
    for job in unfinished:
        lines.append(f"  {job.state:<11}  {relative(job.folder)}: {job.reason}")
    return "\n".join([*lines, ""])


def _spread(objectives: list[float]) -> str:
    """The sample standard deviation in words."""
    if len(objectives) < 2:
        return "-"
    return f"{statistics.stdev(objectives):.4f}" if all(map(math.isfinite, objectives)) else "nan"


def _aligned(rows: list[list[str]], left: int) -> list[str]:
    """Lines of columns: the first `left` of them flush left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines: list[str] = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:left], widths[:left], strict=True)]
        cells += [cell.rjust(width) for cell, width in zip(row[left:], widths[left:], strict=True)]
        lines.append("  " + "  ".join(cells))
    return lines


def write_csv(jobs: Sequence[Job], path: Path) -> None:
    """One row per job, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for job in jobs:
            overrides = " ".join(f"{name}={value}" for name, value in job.overrides.items())
            writer.writerow(
                [job.number, job.folder.name, job.state, overrides, job.objective, job.iterations, job.seconds]
            )
