"""A sweep as its folder tells it: the jobs, their names and states, and the command line that goes on with it."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from saddle.config.location import config_folder
from saddle.config.override import check_saved, key_of, quoted, value_of
from saddle.error import Failed, InputError
from saddle.run.folder import ERROR, SETTINGS, last_checkpoint, overrides_file, state_of, summary_of

SWEEP_FILE = "multirun.yaml"
_LONGEST_NAME = 100
_BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
_MAY_BE_ADDED = ("hydra.", "hydra/launcher", "sweep", "data.root")
_FIXED = ("hydra.sweep.", "hydra.sweeper.", "hydra.mode", "hydra.run.", "hydra.output_subdir")


@dataclass(frozen=True)
class Job:
    """One job of a sweep: its overrides by setting, and its state in its folder.

    `state` is finished, interrupted (a running job is, too), failed or missing; `reason` says more. `objective` is NaN
    where it was measured and is not finite, None where it was not measured.
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
    """What the objective was made from, as text; None where no metric applied."""

    @property
    def is_refused(self) -> bool:
        """Whether the job failed because its input is wrong, so that nothing was trained."""
        if self.state != "failed":
            return False
        reason = (self.folder / ERROR).read_text(encoding="utf-8")
        return not reason.startswith(("Traceback", Failed.BEGINS))


def is_sweep(folder: Path) -> bool:
    """Whether `folder` is that of a sweep."""
    return (folder / SWEEP_FILE).is_file()


def settings_of(folder: Path) -> dict[str, Any]:
    """The content of multirun.yaml; raises InputError if it is not there or cannot be read."""
    file = folder / SWEEP_FILE
    try:
        settings: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["hydra"]["overrides"]["task"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
        raise InputError(f"{folder}: expected the folder of a sweep, with a multirun.yaml that Hydra wrote") from error
    return settings


def check_no_sweep(folder: Path) -> None:
    """Raise InputError if `folder` holds jobs of a sweep, so that those of a new one would mix with them."""
    if is_sweep(folder) and job_folders(folder):
        raise InputError(f"hydra.sweep.dir={folder} holds a sweep already: use resume={folder} to go on with it")


# jobs


def split(arguments: Sequence[str]) -> list[list[str]]:
    """The overrides of each job that Hydra's basic sweeper makes of a command line's, in its order."""
    if not GlobalHydra.instance().is_initialized():
        with initialize_config_dir(config_folder(), version_base="1.3"):
            return split(arguments)
    hydra = GlobalHydra.instance()
    parser = OverridesParser.create(config_loader=hydra.config_loader())
    [jobs] = BasicSweeper.split_arguments(parser.parse_overrides(list(arguments)), None)
    return jobs


def planned_jobs(hydra: dict[str, Any]) -> list[list[str]] | None:
    """The overrides of each job of a sweep with these settings of Hydra; None where its sweeper chooses as it goes."""
    if hydra["sweeper"]["_target_"] != _BASIC:
        return None
    params = hydra["sweeper"].get("params") or {}
    overrides = [f"{key}={value}" for key, value in params.items()]
    overrides += [text for text in hydra["overrides"]["task"] if key_of(text) != "resume"]
    return split(overrides)


def varying_settings(jobs: Sequence[dict[str, str]]) -> list[str]:
    """The settings that differ between jobs, in the order in which they were given."""
    names = [name for job in jobs for name in job]
    varying: list[str] = []
    for name in dict.fromkeys(names):
        values = {job.get(name) for job in jobs}
        if len(values) > 1:
            varying.append(name)
    return varying


def by_setting(overrides: Sequence[str]) -> dict[str, str]:
    """Overrides as a mapping from setting to value."""
    return {key_of(text): value_of(text) for text in overrides}


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
    """The name of a job's folder: the one it has, else its number and those of its overrides that vary in the sweep.

    `overrides` serve where the sweep does not say what varies.
    """
    folder = Path(sweep)
    existing = job_folders(folder).get(number)
    if existing is not None:
        return existing.name
    jobs = planned_jobs(settings_of(folder)["hydra"]) if is_sweep(folder) else None
    if jobs is not None:
        settings = [by_setting(job) for job in jobs]
        overrides = ",".join(f"{name}={settings[number][name]}" for name in varying_settings(settings))
    safe = re.sub(r"[^\w.,=+-]+", "_", overrides)[:_LONGEST_NAME].rstrip("._,")
    return f"{number}_{safe}" if safe else str(number)


def output_subdir(folder: str) -> str | None:
    """Hydra's `output_subdir` for a job of a sweep that goes on: null where the job's own settings shall stay."""
    path = Path(folder)
    keeps_its_own = state_of(path)[0] == "finished" or last_checkpoint(path) is not None
    return None if keeps_its_own else SETTINGS


def read_jobs(sweep: Path) -> list[Job]:
    """All jobs of a sweep by number, those that never began among them; raises InputError if it is no sweep."""
    settings = settings_of(sweep)
    plan = planned_jobs(settings["hydra"])
    folders = job_folders(sweep)
    numbers = sorted(folders) if plan is None else range(len(plan))
    jobs: list[Job] = []
    for number in numbers:
        folder = folders.get(number, sweep / str(number))
        overrides = _saved_overrides(folder) if plan is None else plan[number]
        jobs.append(_read_job(number, folder, overrides, settings.get("objective")))
    return jobs


def _saved_overrides(folder: Path) -> list[str]:
    file = overrides_file(folder)
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else []


def _read_job(number: int, folder: Path, overrides: list[str], objective: str | None) -> Job:
    summary = summary_of(folder)
    metrics = summary.get("metrics", {})
    value = metrics.get(objective)
    state, reason = state_of(folder)
    return Job(
        number,
        folder,
        by_setting(overrides),
        state,
        reason,
        objective=math.nan if objective in metrics and value is None else value,
        iterations=summary.get("iterations"),
        seconds=summary.get("seconds"),
        stamp=_stamp(summary),
    )


def _stamp(summary: dict[str, Any]) -> str | None:
    stamp = summary.get("stamp")
    return ", ".join(f"{name} {value}" for name, value in stamp.items()) if stamp else None


# going on


def sweep_arguments(folder: Path, arguments: Sequence[str]) -> list[str]:
    """The command line that goes on with the sweep in `folder`: its own overrides, and those of `arguments` that may
    be added; raises InputError on others.
    """
    hydra = settings_of(folder)["hydra"]
    sweeper = hydra["sweeper"]["_target_"]
    if sweeper != _BASIC:
        raise InputError(
            f"resume={folder}: its sweeper ({sweeper}) chose its jobs as it went, so the rest is not "
            "known: go on with single jobs, or start a new sweep"
        )
    flags = [text for text in arguments if text.startswith("-") and text not in ("-m", "--multirun")]
    added = [text for text in arguments if key_of(text) != "resume" and not text.startswith("-")]
    for text in added:
        _check_may_be_added(text)
    saved = check_saved([*hydra["overrides"]["task"], *hydra["overrides"]["hydra"]], folder / SWEEP_FILE)
    replaced = {key_of(text) for text in added} | {"resume"}
    overrides = [text for text in saved if key_of(text) not in replaced and not key_of(text).startswith(_FIXED)]
    overrides += [text for text in hydra["overrides"]["hydra"] if text.startswith("hydra.sweeper.")]
    place = quoted(folder.resolve())
    own_settings = "hydra.output_subdir='${saddle.settings:${hydra.runtime.output_dir}}'"
    return ["--multirun", *flags, *overrides, *added, f"resume={place}", f"hydra.sweep.dir={place}", own_settings]


def _check_may_be_added(text: str) -> None:
    key = key_of(text)
    may_be_added = key.startswith("hydra.") or key in _MAY_BE_ADDED
    if key.startswith(_FIXED) or not may_be_added:
        raise InputError(
            f"{text}: a sweep goes on with its own settings, as its finished jobs have them; only hydra.*, "
            "hydra/launcher, sweep and data.root may be added, and none that moves its folders"
        )
