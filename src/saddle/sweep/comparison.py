"""Compares the jobs of one or several sweeps: a row for each combination of settings, over its seeds."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from saddle.callback.alarm import COLLAPSE
from saddle.config.direction import direction_of
from saddle.error import InputError
from saddle.run.folder import summary_of
from saddle.sweep.jobs import Job, read_jobs, settings_of
from saddle.sweep.statistic import interval, is_tied, probability_of_better
from saddle.sweep.table import choices

_FEW_SEEDS = 5
"""Up to so many seeds the bootstrap underestimates the spread: a resample seldom holds all of them."""

_SAME_BUDGET = 1.1
"""The largest ratio of two costs that still count as the same budget."""


@dataclass(frozen=True)
class Trial:
    """A job that has ended: its value of the compared metric, NaN if it failed, and its summary."""

    job: Job
    value: float
    summary: dict[str, Any] = field(repr=False)

    @property
    def failed(self) -> bool:
        """Whether it gave no finite value."""
        return math.isnan(self.value)

    @property
    def collapsed(self) -> bool:
        """Whether it gave a value, and an alarm for samples that are too much alike rang at its end."""
        return not self.failed and bool(set(COLLAPSE) & set(self.summary.get("alarms", ())))


@dataclass(frozen=True)
class Row:
    """The trials with the same settings, which differ in the seed; `name` has the values of the settings that vary."""

    name: tuple[str, ...]
    trials: tuple[Trial, ...]

    @property
    def values(self) -> list[float]:
        """The values of the trials that did not fail."""
        return [trial.value for trial in self.trials if not trial.failed]

    @property
    def failed(self) -> int:
        """The number of trials without a finite value."""
        return sum(trial.failed for trial in self.trials)

    @property
    def collapsed(self) -> int:
        """The number of trials whose samples are too much alike."""
        return sum(trial.collapsed for trial in self.trials)

    @property
    def mean(self) -> float:
        """The mean over the trials that did not fail; NaN if all did."""
        return statistics.fmean(self.values) if self.values else math.nan

    @property
    def spread(self) -> float | None:
        """The sample standard deviation over the trials that did not fail; None for fewer than two."""
        return statistics.stdev(self.values) if len(self.values) > 1 else None

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the mean over seeds."""
        return interval(self.values)

    def cost(self, name: str) -> float | None:
        """The mean of a number in the summaries, "cpu_seconds" or "images"; None where none has it."""
        numbers = [trial.summary[name] for trial in self.trials if name in trial.summary]
        return statistics.fmean(numbers) if numbers else None

    @property
    def rates(self) -> str:
        """The learning rates of the turns; one number where they are equal."""
        known = [trial.summary["learning_rates"] for trial in self.trials if "learning_rates" in trial.summary]
        return "/".join(dict.fromkeys(f"{rate:g}" for rate in known[0].values())) if known else ""


@dataclass(frozen=True)
class Table:
    """Rows that were measured in the same way, the best first; `settings` are those that vary beside the seed."""

    metric: str
    measured: str
    """On which data, and how, the metric was measured."""
    settings: list[str]
    rows: list[Row]

    @property
    def larger(self) -> bool:
        """Whether larger values are better."""
        return direction_of(self.metric) == "larger"

    def probability(self, row: Row) -> float:
        """The probability that a seed of `row` is better than a seed of the first row."""
        first = [trial.value for trial in self.rows[0].trials]
        return probability_of_better([trial.value for trial in row.trials], first, self.larger)

    def tied(self, row: Row) -> bool:
        """Whether the seeds do not tell `row` and the first row apart."""
        return row is not self.rows[0] and bool(row.values) and is_tied(row.values, self.rows[0].values)

    @property
    def notes(self) -> list[str]:
        """What a reader should know of the numbers, a sentence each."""
        notes: list[str] = []
        alone = sum(len(row.values) == 1 for row in self.rows)
        if alone:
            notes.append(f"{alone} of {len(self.rows)} rows have one seed, which gives no interval")
        if any(1 < len(row.values) <= _FEW_SEEDS for row in self.rows):
            notes.append(f"of {_FEW_SEEDS} seeds or fewer the bootstrap's interval is too narrow")
        seconds, images = self._costs("cpu_seconds"), self._costs("images")
        if not _are_alike(seconds) and not _are_alike(images):
            notes.append(
                f"the rows had different budgets: {min(seconds):,.4g} to {max(seconds):,.4g} CPU seconds, "
                f"{min(images):,.0f} to {max(images):,.0f} images"
            )
        return notes

    def _costs(self, name: str) -> list[float]:
        """The cost of each row that has one."""
        return [cost for row in self.rows if (cost := row.cost(name))]


def _are_alike(costs: Sequence[float]) -> bool:
    """Whether costs differ by less than a tenth."""
    return max(costs, default=0.0) <= _SAME_BUDGET * min(costs, default=0.0)


@dataclass(frozen=True)
class Comparison:
    """Tables, one for each way of measuring, and the jobs that have not ended, which no table counts."""

    tables: list[Table]
    unfinished: list[Job]


def compared(sweeps: Sequence[Path], metric: str | None = None) -> Comparison:
    """Compare the jobs of sweeps by `metric`, a name in summary.json; None: by the objective of the first sweep.

    Raises InputError for a folder that is no sweep or has no finished job, for a metric that a finished job lacks, and
    for the same job in two sweeps.
    """
    metric = metric or settings_of(sweeps[0]).get("objective")
    if metric is None:
        raise InputError(f"{sweeps[0]}: this sweep has no objective: name a metric by --metric")
    jobs: list[Job] = []
    for sweep in sweeps:
        jobs += read_jobs(sweep)
    unfinished = [job for job in jobs if job.state in ("interrupted", "missing")]
    trials = [_trial(job, metric) for job in jobs if job.state in ("finished", "failed")]
    if all(trial.failed for trial in trials):
        raise InputError(f"{sweeps[0]}: no job has a value of {metric} yet: there is nothing to compare")
    settings = choices(jobs)
    _check_different(trials, settings)
    return Comparison(_tables(trials, settings, metric), unfinished)


def _trial(job: Job, metric: str) -> Trial:
    """A job that has ended; raises InputError if it finished without the metric."""
    summary = summary_of(job.folder)
    if job.state == "failed":
        return Trial(job, math.nan, summary)
    metrics = summary.get("metrics", {})
    if metric not in metrics:
        raise InputError(f"--metric {metric}: {job.folder} has no value of it; it has {', '.join(metrics)}")
    value = metrics[metric]
    return Trial(job, math.nan if value is None else float(value), summary)  # JSON has no NaN


def _check_different(trials: Sequence[Trial], settings: Sequence[str]) -> None:
    """Raise InputError if two trials have the same settings and the same seed: one run would count twice."""
    seen: dict[tuple[str, ...], Trial] = {}
    for trial in trials:
        overrides = trial.job.overrides
        key = (*_values(trial, settings), str(trial.summary.get("seed", overrides.get("seed"))))
        if key in seen:
            raise InputError(f"{seen[key].job.folder} and {trial.job.folder} are the same run: leave one sweep out")
        seen[key] = trial


def _values(trial: Trial, settings: Sequence[str]) -> tuple[str, ...]:
    return tuple(trial.job.overrides.get(name, "") for name in settings)


def _tables(trials: Sequence[Trial], settings: list[str], metric: str) -> list[Table]:
    """A table for each way of measuring. Failed trials, which were not measured, go with their row."""
    groups: dict[str, dict[tuple[str, ...], list[Trial]]] = {}
    for trial in trials:
        if trial.summary:
            measured = _measured(trial, metric)
            groups.setdefault(measured, {}).setdefault(_values(trial, settings), []).append(trial)
    for trial in trials:
        if not trial.summary:
            name = _values(trial, settings)
            home = next((rows for rows in groups.values() if name in rows), next(iter(groups.values())))
            home.setdefault(name, []).append(trial)
    tables: list[Table] = []
    for measured, rows in groups.items():
        made = [Row(name, tuple(members)) for name, members in rows.items()]
        tables.append(Table(metric, measured, settings, _sorted(made, metric)))
    return tables


def _measured(trial: Trial, metric: str) -> str:
    """On which data, and for a metric of samples how, a finished trial was measured."""
    data = trial.summary.get("data", {}).get("name", "unknown data")
    if not metric.startswith("metric/") or trial.job.stamp is None:
        return str(data)
    return f"{data}, {trial.job.stamp}"


def _sorted(rows: Sequence[Row], metric: str) -> list[Row]:
    """The best mean first; rows with a failed seed after those without, and rows in which all failed last."""
    sign = -1 if direction_of(metric) == "larger" else 1

    def order(row: Row) -> tuple[bool, bool, float]:
        return not row.values, row.failed > 0, sign * row.mean if row.values else 0.0

    return sorted(rows, key=order)
