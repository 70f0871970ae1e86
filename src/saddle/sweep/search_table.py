"""The table of a search: one row per trial, the best first, and the command that trains the best one over seeds."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saddle.command import training_command
from saddle.config.direction import direction_of
from saddle.config.override import key_of
from saddle.config.search import searched_settings
from saddle.file import relative
from saddle.sweep.aligned import aligned
from saddle.sweep.jobs import Job, short, without
from saddle.terminal import quoted_for_shell

_OF_SWEEP = ("sweep", "resume", "seed")


def trials_text(jobs: Sequence[Job], settings: dict[str, Any], sweep: Path) -> str:
    """The table of a search as text. `settings` are those of its multirun.yaml."""
    objectives = [settings["objective"], *filter(None, [settings["sweep"]["second_objective"]])]
    task: list[str] = settings["hydra"]["overrides"]["task"]
    names = searched_settings(task)
    better = " and ".join(f"{name}, {direction_of(name)} is better" for name in objectives)
    done = sorted(filter(_is_measured, jobs), key=lambda job: _key(job, objectives))
    best = trade_offs(done, objectives)
    lines = ["", f"{relative(sweep)}: {better}", ""]
    lines += _rows(done, names, objectives, best)
    finished = sum(job.state == "finished" for job in jobs)
    pruned = sum(job.pruned is not None for job in jobs)
    lines += ["", f"  {finished} of {len(jobs)} trials finished{f', {pruned} of them pruned' if pruned else ''}"]
    for job in jobs:
        if job.state not in ("finished", "missing"):
            lines.append(f"  {job.state:<11}  {relative(job.folder)}: {job.reason}")
    if len(objectives) > 1 and best:
        lines += ["", "  * no other trial is better in one objective and at least as good in the other"]
    elif best:
        lines += ["", f"  is it luck? the best one over seeds: {_over_seeds(best[0], names, task)}"]
    return "\n".join([*lines, ""])


def trade_offs(jobs: Sequence[Job], objectives: Sequence[str]) -> list[Job]:
    """The Pareto set: the trials that no other one dominates, without pruned ones; of one objective, the best trial.

    One trial dominates another if it is at least as good in all objectives and better in one.
    """
    whole = [job for job in jobs if job.pruned is None]
    if len(objectives) == 1:
        return whole[:1]
    keys = [_key(job, objectives) for job in whole]
    found: list[Job] = []
    for job, key in zip(whole, keys, strict=True):
        if not any(other != key and all(map(float.__le__, other, key)) for other in keys):
            found.append(job)
    return found


def _is_measured(job: Job) -> bool:
    values = [job.objective] if job.second is None else [job.objective, job.second]
    return job.state == "finished" and all(value is not None and math.isfinite(value) for value in values)


def _key(job: Job, objectives: Sequence[str]) -> tuple[float, ...]:
    """The objectives of a trial, the smaller the better."""
    values = [job.objective, job.second][: len(objectives)]
    key: list[float] = []
    for name, value in zip(objectives, values, strict=True):
        assert value is not None
        key.append(-value if direction_of(name) == "larger" else value)
    return tuple(key)


def _rows(done: Sequence[Job], names: Sequence[str], objectives: Sequence[str], best: Sequence[Job]) -> list[str]:
    """The aligned rows of the measured trials."""
    rows: list[list[str]] = []
    for job in done:
        values = [short(job.overrides.get(name, "")) for name in names]
        measured = [f"{value:.4f}" for value in (job.objective, job.second) if value is not None]
        note = f"pruned at {job.pruned}" if job.pruned else "*" if len(objectives) > 1 and job in best else ""
        rows.append([str(job.number), *values, *measured, note])
    if not rows:
        return []
    header = ["trial", *names, *objectives, ""]
    return [line.rstrip() for line in aligned([header, *rows], 1 + len(names))]


def _over_seeds(job: Job, names: Sequence[str], task: Sequence[str]) -> str:
    """The command that trains the settings of a trial with three seeds."""
    shared = [text for text in without([*_OF_SWEEP, *names], task) if not key_of(text).startswith("sweep.")]
    own = [f"{name}={job.overrides[name]}" for name in names if name in job.overrides]
    words = [*shared, *own, "seed=1,2,3"]
    return f"{training_command()} -m {' '.join(map(quoted_for_shell, words))}"
