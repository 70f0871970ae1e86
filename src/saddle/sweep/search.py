"""The search of `sweep=optuna`: Optuna chooses trials, Hydra's launcher trains them, and a file keeps the study."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.plugins.launcher import Launcher
from omegaconf import DictConfig, OmegaConf

from saddle.config.override import key_of
from saddle.config.place import sweep_began_in
from saddle.config.search import Search, checked_search, searched_settings
from saddle.error import InputError
from saddle.file import expanded
from saddle.layout import STUDY, SWEEP_FILE
from saddle.run.curves import Curve, read_curves
from saddle.run.folder import state_of, summary_of
from saddle.sweep import job
from saddle.sweep.jobs import job_folders, read_jobs
from saddle.threads import usable_cores

if TYPE_CHECKING:  # Optuna, an extra, takes a second to import
    from saddle.sweep.trials import Trials

Batch = dict[int, list[str]]
"""The overrides of trials that are trained together, by the number of their jobs."""


def search(config: DictConfig, overrides: Sequence[str], launcher: Launcher) -> None:
    """Train the trials of the search with this config and these overrides, or go on with it.

    A trial that was running when an earlier process ended is trained on in its folder. Raises InputError, naming the
    setting, for a search that cannot be, for a storage that holds another study, and for an objective that a finished
    trial did not measure.
    """
    settings = _settings(config)
    searched_settings(overrides)
    from saddle.sweep.trials import Trials

    folder = Path(config.hydra.sweep.dir)
    goes_on = any(key_of(text) == "resume" for text in overrides)
    names = [config.objective, *filter(None, [settings.second_objective])]
    trials = Trials.open(_storage(settings, folder), overrides, names, settings, goes_on)
    shared = [text for text in overrides if key_of(text) not in trials.settings]
    size = settings.batch or _side_by_side(config)
    launched: set[int] = set()
    while job.stopped() is None:
        batch = trials.next_batch(size, launched)
        if not batch:
            _end(config, trials.count, folder)
            return
        launched |= batch.keys()
        _train(launcher, {number: [*shared, *own] for number, own in batch.items()})
        for number in batch:
            _tell(trials, number, job_folders(folder).get(number, folder / str(number)), names)
        if all(one.is_refused for one in read_jobs(folder) if one.state != "missing"):
            return  # the reasons take the place of the table


def _end(config: DictConfig, count: int, folder: Path) -> None:
    """Say that the space has no more trials than `count`, if that is so, and note it for the table."""
    if count < config.sweep.trials:
        print(f"every combination was tried: {count} trials", flush=True)
        config.sweep.trials = count
        OmegaConf.save(config, folder / SWEEP_FILE)


def _settings(config: DictConfig) -> Search:
    """The checked settings of the group `sweep`."""
    values = OmegaConf.to_container(config.sweep, resolve=True)
    assert isinstance(values, dict)
    return checked_search({str(name): value for name, value in values.items()}, config.objective)


def _storage(settings: Search, folder: Path) -> Path:
    """The study's file. A relative path is taken from where the sweep in `folder` began."""
    if settings.storage is None:
        return folder / STUDY
    return (sweep_began_in(folder) or Path.cwd()) / expanded(settings.storage)


def _side_by_side(config: DictConfig) -> int:
    """How many jobs the launcher trains at the same time; joblib counts -1 as all cores, -2 as all but one."""
    launcher = config.hydra.launcher
    workers = int(launcher.get("n_jobs") or launcher.get("array_parallelism") or 1)
    return workers if workers > 0 else max(1, usable_cores() + 1 + workers)


def _train(launcher: Launcher, batch: Mapping[int, list[str]]) -> None:
    """Train jobs by Hydra's launcher, which numbers those of one call in a row."""
    rest = dict(sorted(batch.items()))
    while rest:
        first = next(iter(rest))
        row: list[list[str]] = []
        while first + len(row) in rest:
            row.append(rest.pop(first + len(row)))
        launcher.launch(row, initial_job_idx=first)


def _tell(trials: "Trials", number: int, folder: Path, names: Sequence[str]) -> None:
    """Tell the study what a job reached, by the files in its folder; one that is not done stays as it is.

    Raises InputError if the job finished without the objective.
    """
    state, _ = state_of(folder)
    if state == "failed":
        trials.tell_failed(number)
    if state != "finished":
        return
    summary = summary_of(folder)
    metrics = summary.get("metrics", {})
    for name in names:
        if name not in metrics:
            setting = "objective" if name == names[0] else "sweep.second_objective"
            raise InputError(f"{setting}={name}: {folder} did not measure that; it has {', '.join(metrics)}")
    values = [metrics[name] for name in names]
    measured = read_curves(folder / "metrics.csv").get(names[0], Curve([], []))
    curve = dict(zip(*measured, strict=True))
    if None in values:  # not finite
        trials.tell_failed(number)
    elif summary.get("pruned"):
        trials.tell_pruned(number, curve)
    else:
        trials.tell_finished(number, values, curve)
