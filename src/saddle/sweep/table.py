"""The table of a sweep: printed when it ends and by `saddle table`, and kept as table.csv."""

import argparse
import csv
import math
import shlex
import signal
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from saddle.file import relative, replacing
from saddle.run.folder import remove_claimed
from saddle.sweep.jobs import Job, read_jobs, settings_of, varying

_LARGER_IS_BETTER = (
    *("metric/modes", "metric/high_quality", "metric/coverage"),  # of toy problems
    *("metric/elbo", "metric/information", "metric/information_continuous", "metric/code_agreement"),
    *("metric/neighbor_accuracy", "metric/class_accuracy", "metric/as_asked", "metric/label_preservation"),
)
"""Metrics of which more is better; of every other, less."""

_COLUMNS = ("number", "folder", "state", "overrides", "objective", "iterations", "seconds")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "table",
        help="compare the jobs of a sweep",
        description="Print the table of SWEEP: for each setting the mean and the spread (sample standard deviation) of "
        "the objective over seeds, best first; then the jobs that are not finished, and why. Writes SWEEP/table.csv.",
    )
    parser.add_argument("sweep", metavar="SWEEP", type=Path, help="the folder of a sweep, with its multirun.yaml")
    parser.set_defaults(run=lambda arguments: show(arguments.sweep))


def show(sweep: Path) -> list[Job]:
    """Print the table of a sweep and write table.csv; its jobs. Raises InputError if it is no sweep."""
    jobs = read_jobs(sweep)
    write_csv(jobs, sweep / "table.csv")
    print(text_of(jobs, settings_of(sweep).get("objective"), sweep), flush=True)
    return jobs


def conclude(sweep: Path, stopped: int | None) -> int:
    """The end of a sweep: its table, the command that goes on with what is not finished, and the exit code.

    `stopped` is the number of the signal that ended the sweep, or None.
    """
    jobs = read_jobs(sweep)
    if stopped is None and all(job.refused for job in jobs):
        remove_claimed()
        print("\n".join(dict.fromkeys(job.reason for job in jobs)), file=sys.stderr)
        return 2
    show(sweep)
    if all(job.state == "finished" for job in jobs):
        return 0
    again = f"python train.py resume={shlex.quote(str(relative(sweep)))}"
    cause = f"stopped by {signal.Signals(stopped).name}" if stopped else "not every job is finished"
    print(f"{cause}; go on with: {again}", file=sys.stderr)
    return 128 + stopped if stopped else 1


def rows_of(jobs: Sequence[Job], objective: str | None = None) -> list[tuple[tuple[str, ...], list[float]]]:
    """For each choice of what varies beside the seed its values, in the order of `choices`, and metrics; best first.

    Only finished jobs that have a `objective` count; where one is not finite, so is the mean, and the row comes last.
    """
    sign = -1 if objective in _LARGER_IS_BETTER else 1
    names = choices(jobs)
    metrics: dict[tuple[str, ...], list[float]] = {}
    for job in jobs:
        if job.state == "finished" and job.objective is not None:
            metrics.setdefault(tuple(job.overrides.get(name, "") for name in names), []).append(job.objective)
    return sorted(metrics.items(), key=lambda row: (not math.isfinite(mean := statistics.fmean(row[1])), sign * mean))


def choices(jobs: Sequence[Job]) -> list[str]:
    """The settings that differ between jobs, without the seed."""
    return [name for name in varying([job.overrides for job in jobs]) if name != "seed"]


def text_of(jobs: Sequence[Job], objective: str | None, sweep: Path) -> str:
    """The table of a sweep in words."""
    rows = [
        [*values, str(len(found)), f"{statistics.fmean(found):.4f}", _spread(found)]
        for values, found in rows_of(jobs, objective)
    ]
    better = "larger" if objective in _LARGER_IS_BETTER else "smaller"
    lines = ["", f"{relative(sweep)}: {objective or 'no objective'}, {better} is better", ""]
    if rows:
        lines += _aligned([[*choices(jobs), "n", "mean", "spread"], *rows], len(choices(jobs)))
    stamps = sorted({job.stamp for job in jobs if job.stamp and job.state == "finished"})
    if objective and objective.startswith("metric/") and len(stamps) > 1:
        lines += [
            "",
            "  these metrics were made in different ways and cannot be compared:",
            *(f"    {s}" for s in stamps),
        ]
    others = [job for job in jobs if job.state != "finished"]
    done = len(jobs) - len(others)
    lines += ["", f"  {done} of {len(jobs)} jobs finished"]
    for job in others:
        lines.append(f"  {job.state:<11}  {relative(job.folder)}: {job.reason}")
    return "\n".join([*lines, ""])


def _spread(metrics: list[float]) -> str:
    if len(metrics) < 2:
        return "-"
    return f"{statistics.stdev(metrics):.4f}" if all(map(math.isfinite, metrics)) else "nan"


def _aligned(rows: list[list[str]], left: int) -> list[str]:
    """Lines of columns: the first `left` of them flush left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def write_csv(jobs: Sequence[Job], path: Path) -> None:
    """One row per job, whole or not at all."""
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for job in jobs:
            overrides = " ".join(f"{name}={value}" for name, value in job.overrides.items())
            writer.writerow(
                [job.number, job.folder.name, job.state, overrides, job.objective, job.iterations, job.seconds]
            )
