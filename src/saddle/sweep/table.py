"""The table of a sweep, which is printed at its end and by `saddle table`, and saved as table.csv."""

import csv
import math
import signal
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from saddle.command import training_command
from saddle.config.direction import direction_of
from saddle.file import relative, replacing
from saddle.run.lock import remove_claimed
from saddle.sweep.aligned import aligned
from saddle.sweep.jobs import Job, is_search, read_jobs, settings_of, varying_settings
from saddle.sweep.search_table import trials_text
from saddle.terminal import quoted_for_shell

_COLUMNS = ("number", "folder", "state", "overrides", "objective", "second_objective", "iterations", "seconds")
"""The columns of table.csv; a second objective is that of a search for two."""

Row = tuple[tuple[str, ...], list[float]]
"""The values of the settings that vary, and the objectives of the jobs with these values."""


def show(sweep: Path) -> None:
    """Print the table of a sweep and write table.csv. Raises InputError if it is no sweep."""
    _print_and_write(sweep, read_jobs(sweep))


def _print_and_write(sweep: Path, jobs: Sequence[Job]) -> None:
    """Print the table of a sweep's jobs and write table.csv."""
    settings = settings_of(sweep)
    write_csv(jobs, sweep / "table.csv")
    if is_search(settings["hydra"]):
        print(trials_text(jobs, settings, sweep), flush=True)
    else:
        print(text_of(jobs, settings.get("objective"), sweep), flush=True)


def conclude(sweep: Path, stopped_by: int | None) -> int:
    """Print the table of a sweep that has ended, and the command that finishes its jobs; returns the exit code.

    `stopped_by` is the number of the signal that ended the sweep, or None. If all jobs were refused, their reasons are
    printed in place of the table.
    """
    jobs = read_jobs(sweep)
    begun = [job for job in jobs if job.state != "missing"]
    if begun and stopped_by is None and all(job.is_refused for job in begun):
        remove_claimed()
        for reason in dict.fromkeys([job.reason for job in begun]):  # each once
            print(reason, file=sys.stderr)
        return 2
    _print_and_write(sweep, jobs)
    if _is_done(jobs, sweep):
        return 0
    cause = "not every job is finished"
    code = 1
    if stopped_by is not None:
        cause = f"stopped by {signal.Signals(stopped_by).name}"
        code = 128 + stopped_by
    place = quoted_for_shell(relative(sweep))
    print(f"{cause}; go on with: {training_command()} resume={place}", file=sys.stderr)
    return code


def _is_done(jobs: Sequence[Job], sweep: Path) -> bool:
    """Whether nothing is left to train. A failed trial of a search stays as it is, if others finished."""
    if not _unfinished(jobs):
        return True
    states = {job.state for job in jobs}
    return is_search(settings_of(sweep)["hydra"]) and states == {"finished", "failed"}


def _unfinished(jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if job.state != "finished"]


def rows_of(jobs: Sequence[Job], objective: str | None = None) -> list[Row]:
    """A row for each combination of the settings that vary beside the seed, the best mean first.

    Only finished jobs with an objective count. A row with a value that is not finite comes last.
    """
    sign = -1 if direction_of(objective) == "larger" else 1
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
    if "seed" in names:
        names.remove("seed")
    return names


def text_of(jobs: Sequence[Job], objective: str | None, sweep: Path) -> str:
    """The table of a sweep as text, with a note on stamps that differ and a line for each unfinished job."""
    lines = ["", f"{relative(sweep)}: {objective or 'no objective'}, {direction_of(objective)} is better", ""]
    rows: list[list[str]] = []
    for values, objectives in rows_of(jobs, objective):
        rows.append([*values, str(len(objectives)), f"{statistics.fmean(objectives):.4f}", _spread(objectives)])
    if rows:
        names = choices(jobs)
        lines += aligned([[*names, "n", "mean", "spread"], *rows], len(names))
    if objective and objective.startswith("metric/"):
        lines += _note_on_stamps(jobs)
    unfinished = _unfinished(jobs)
    lines += ["", f"  {len(jobs) - len(unfinished)} of {len(jobs)} jobs finished"]
    for job in unfinished:
        lines.append(f"  {job.state:<11}  {relative(job.folder)}: {job.reason}")
    if len(rows) > 1:
        lines += ["", f"  is it luck? intervals and curves: saddle compare {quoted_for_shell(relative(sweep))}"]
    return "\n".join([*lines, ""])


def _note_on_stamps(jobs: Sequence[Job]) -> list[str]:
    """Lines that warn of finished jobs whose metrics were measured in different ways; else none."""
    stamps: set[str] = set()
    for job in jobs:
        if job.stamp and job.state == "finished":
            stamps.add(job.stamp)
    if len(stamps) < 2:
        return []
    lines = ["", "  these were measured in different ways and cannot be compared:"]
    for stamp in sorted(stamps):
        lines.append(f"    {stamp}")
    return lines


def _spread(objectives: list[float]) -> str:
    """The sample standard deviation as text."""
    if len(objectives) < 2:
        return "-"
    if not all(map(math.isfinite, objectives)):
        return "nan"
    return f"{statistics.stdev(objectives):.4f}"


def write_csv(jobs: Sequence[Job], path: Path) -> None:
    """Write a table with one row per job; the file is replaced only once it is complete."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for job in jobs:
            overrides = " ".join(f"{name}={value}" for name, value in job.overrides.items())
            values = [job.objective, job.second, job.iterations, job.seconds]
            writer.writerow([job.number, job.folder.name, job.state, overrides, *values])
