"""The jobs of a sweep, read from its folder: names, settings and states."""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from saddle.config.location import config_folder
from saddle.config.override import by_setting, key_of
from saddle.config.search import SWEEPER, searched_settings
from saddle.error import Failed, InputError
from saddle.layout import SWEEP_FILE
from saddle.run.folder import ERROR, SETTINGS, last_checkpoint, overrides_file, state_of, summary_of
from saddle.run.resume import read_overrides
from saddle.terminal import quoted_for_shell

_LONGEST_NAME = 100  # bytes: file systems count these, and a letter may have four
_LONGEST_NUMBER = 10  # letters
BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


@dataclass(frozen=True)
class Job:
    """One job of a sweep: its overrides by setting, and its state by the files in its folder.

    `state` is finished, interrupted (also of a running job), failed or missing; `reason` is a sentence about it.
    `objective` is NaN if it was measured and is not finite, None if it was not measured.
    """

    number: int
    folder: Path
    overrides: dict[str, str]
    state: str
    reason: str = ""
    objective: float | None = None
    iterations: int | None = None
    seconds: float | None = None
    stamp: str | None = None
    """How the metrics were measured, as text; None if none was."""
    second: float | None = None
    """The second objective of a search, as `objective`."""
    pruned: int | None = None
    """The iteration at which a search ended the job before its time; None if it did not."""

    @property
    def is_refused(self) -> bool:
        """Whether the job failed because its input was wrong, so that nothing was trained."""
        if self.state != "failed":
            return False
        reason = (self.folder / ERROR).read_text(encoding="utf-8")
        return not reason.startswith(("Traceback", Failed.BEGINS))


def is_sweep(folder: Path) -> bool:
    """Whether `folder` is the folder of a sweep."""
    return (folder / SWEEP_FILE).is_file()


def settings_of(folder: Path) -> dict[str, Any]:
    """The content of multirun.yaml; raises InputError if the file is missing or was not written by Hydra."""
    file = folder / SWEEP_FILE
    try:
        settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["hydra"]["overrides"]["task"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
        raise InputError(f"{folder}: expected the folder of a sweep, with a multirun.yaml that Hydra wrote") from error
    return settings


def check_no_sweep(folder: Path) -> None:
    """Raise InputError if `folder` holds jobs of a sweep, with which those of a new one would mix."""
    if is_sweep(folder) and job_folders(folder):
        place = quoted_for_shell(folder)
        raise InputError(f"hydra.sweep.dir={folder} holds a sweep already: use resume={place} to go on with it")


# jobs


def split(arguments: Sequence[str]) -> list[list[str]]:
    """The overrides of each job into which Hydra's basic sweeper splits those of a command line, in its order."""
    if not GlobalHydra.instance().is_initialized():
        with initialize_config_dir(config_folder(), version_base="1.3"):
            return split(arguments)
    hydra = GlobalHydra.instance()
    parser = OverridesParser.create(config_loader=hydra.config_loader())
    [jobs] = BasicSweeper.split_arguments(parser.parse_overrides(list(arguments)), None)
    return jobs


def planned_jobs(hydra: dict[str, Any]) -> list[list[str]] | None:
    """The overrides of each job of a sweep with these settings of Hydra.

    None if its sweeper chooses each job after the results of earlier ones.
    """
    if hydra["sweeper"]["_target_"] != BASIC:
        return None
    params = hydra["sweeper"].get("params") or {}
    overrides: list[str] = []
    for name, value in params.items():
        overrides.append(f"{name}={value}")
    overrides += without(["resume"], hydra["overrides"]["task"])
    return split(overrides)


def without(settings: Collection[str], overrides: Sequence[str]) -> list[str]:
    """The overrides of other settings than these."""
    return [text for text in overrides if key_of(text) not in settings]


def varying_settings(jobs: Sequence[dict[str, str]]) -> list[str]:
    """The settings that differ between jobs, in the order of the overrides."""
    varying: list[str] = []
    for name in dict.fromkeys(chain.from_iterable(jobs)):
        values = {job.get(name) for job in jobs}
        if len(values) > 1:
            varying.append(name)
    return varying


def job_folders(sweep: Path) -> dict[int, Path]:
    """The folders of a sweep's jobs by number."""
    folders: dict[int, Path] = {}
    if not sweep.is_dir():
        return folders
    for path in sorted(sweep.iterdir()):
        match = re.match(r"(\d+)(_|$)", path.name)
        if match and path.is_dir():
            folders.setdefault(int(match[1]), path)
    return folders


def job_name(sweep: str, number: int, overrides: str) -> str:
    """The name of a job's folder: its present one, else its number and its overrides of settings that vary.

    `overrides` replace those if the folder does not say which settings vary.
    """
    folder = Path(sweep)
    existing = job_folders(folder).get(number)
    if existing is not None:
        return existing.name
    hydra = settings_of(folder)["hydra"] if is_sweep(folder) else None
    jobs = None if hydra is None else planned_jobs(hydra)
    if jobs is not None:
        settings = list(map(by_setting, jobs))
        own = settings[number]
        overrides = ",".join(f"{name}={own[name]}" for name in varying_settings(settings) if name in own)
    elif hydra is not None and is_search(hydra):
        overrides = _searched(overrides, hydra)
    safe = re.sub(r"[^\w.,=+-]+", "_", overrides)
    safe = safe.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip("._,")
    return f"{number}_{safe}" if safe else str(number)


def is_search(hydra: dict[str, Any]) -> bool:
    """Whether a sweep with these settings of Hydra is a search by Optuna."""
    return bool(hydra["sweeper"]["_target_"] == SWEEPER)


def _searched(overrides: str, hydra: dict[str, Any]) -> str:
    """Those of a trial's overrides, `NAME=VALUE,NAME=VALUE`, whose settings are searched, with short numbers."""
    names = searched_settings(hydra["overrides"]["task"])
    found: list[str] = []
    for text in re.split(r",(?=[+~]*[\w.@/]+=)", overrides):
        if key_of(text) in names:
            name, _, value = text.partition("=")
            found.append(f"{name}={short(value)}")
    return ",".join(found)


def short(value: str) -> str:
    """A number with four digits where it has many; another value, or a shorter number, as it is."""
    if len(value) <= _LONGEST_NUMBER:
        return value
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value


def output_subdir(folder: str) -> str | None:
    """Hydra's `output_subdir` for a job of a sweep that goes on: null if the job's saved settings must stay."""
    path = Path(folder)
    if state_of(path)[0] == "finished" or last_checkpoint(path) is not None:
        return None
    return SETTINGS


def read_jobs(sweep: Path) -> list[Job]:
    """All jobs of a sweep by number, also those that never began; raises InputError if it is no sweep."""
    settings = settings_of(sweep)
    hydra = settings["hydra"]
    plan = planned_jobs(hydra)
    folders = job_folders(sweep)
    numbers = sorted(folders) if plan is None else list(range(len(plan)))
    objectives = [settings.get("objective")]
    if is_search(hydra):
        numbers = list(range(max([settings["sweep"]["trials"], *(number + 1 for number in numbers)])))
        objectives.append(settings["sweep"]["second_objective"])
    jobs: list[Job] = []
    for number in numbers:
        folder = folders.get(number, sweep / str(number))
        overrides = _own_overrides(folder) if plan is None else plan[number]
        jobs.append(_read_job(number, folder, overrides, objectives))
    return jobs


def _own_overrides(folder: Path) -> list[str]:
    """The overrides in the folder of a job, but for those that are the same in all jobs; none if it did not begin."""
    file = overrides_file(folder)
    if not file.is_file():
        return []
    return [text for text in without(["resume"], read_overrides(file)) if not re.match(r"sweep[.=]", text)]


def _read_job(number: int, folder: Path, overrides: list[str], objectives: Sequence[str | None]) -> Job:
    """A job with the results in its folder. `objectives` are the names of one or two metrics."""
    summary = summary_of(folder)
    values = [_measured(summary, name) for name in objectives]
    state, reason = state_of(folder)
    pruned = summary.get("pruned")
    return Job(
        number,
        folder,
        by_setting(overrides),
        state,
        reason,
        objective=values[0],
        iterations=summary.get("iterations"),
        seconds=summary.get("seconds"),
        stamp=_stamp(summary),
        second=values[1] if len(values) > 1 else None,
        pruned=pruned,
    )


def _measured(summary: dict[str, Any], name: str | None) -> float | None:
    """A metric of a summary: NaN if it was not finite, because JSON has no NaN; None if it is not there."""
    metrics = summary.get("metrics", {})
    if name is None or name not in metrics:
        return None
    return math.nan if metrics[name] is None else float(metrics[name])


def _stamp(summary: dict[str, Any]) -> str | None:
    """How the metrics of a summary were measured, as text."""
    stamp = summary.get("stamp")
    if not stamp:
        return None
    return ", ".join(f"{name} {value}" for name, value in stamp.items())
