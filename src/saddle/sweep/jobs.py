"""The jobs of a sweep, read from its folder: names, states, and the command line that goes on with the sweep."""

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

from saddle.config.command_line import CommandLine
from saddle.config.location import config_folder
from saddle.config.override import by_setting, check_saved, key_of, quoted
from saddle.config.place import from_here
from saddle.config.resumed import PRIMARY
from saddle.error import Failed, InputError
from saddle.layout import SWEEP_FILE
from saddle.run.folder import ERROR, SETTINGS, last_checkpoint, overrides_file, state_of, summary_of
from saddle.run.resume import read_overrides
from saddle.terminal import quoted_for_shell

_LONGEST_NAME = 100  # bytes: file systems count these, and a letter may have four
_BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
_NAMES_FILES = ("hydra.searchpath",)
"""Settings of Hydra that name folders of config files."""

_MAY_BE_ADDED = ("hydra/launcher", "sweep", "data.root", "data.changed")
"""Settings beside hydra.* that may be added to a sweep that goes on."""

_FIXED = ("hydra.sweep.", "hydra.sweeper.", "hydra.mode", "hydra.run.", "hydra.output_subdir")
"""Settings of Hydra, by the beginnings of their names, that would move the sweep's folders or change its jobs."""


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
    if hydra["sweeper"]["_target_"] != _BASIC:
        return None
    params = hydra["sweeper"].get("params") or {}
    overrides: list[str] = []
    for name, value in params.items():
        overrides.append(f"{name}={value}")
    overrides += _without(["resume"], hydra["overrides"]["task"])
    return split(overrides)


def _without(settings: Collection[str], overrides: Sequence[str]) -> list[str]:
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
    jobs = planned_jobs(settings_of(folder)["hydra"]) if is_sweep(folder) else None
    if jobs is not None:
        settings = list(map(by_setting, jobs))
        own = settings[number]
        overrides = ",".join(f"{name}={own[name]}" for name in varying_settings(settings) if name in own)
    safe = re.sub(r"[^\w.,=+-]+", "_", overrides)
    safe = safe.encode()[:_LONGEST_NAME].decode(errors="ignore").rstrip("._,")
    return f"{number}_{safe}" if safe else str(number)


def output_subdir(folder: str) -> str | None:
    """Hydra's `output_subdir` for a job of a sweep that goes on: null if the job's saved settings must stay."""
    path = Path(folder)
    if state_of(path)[0] == "finished" or last_checkpoint(path) is not None:
        return None
    return SETTINGS


def read_jobs(sweep: Path) -> list[Job]:
    """All jobs of a sweep by number, also those that never began; raises InputError if it is no sweep."""
    settings = settings_of(sweep)
    plan = planned_jobs(settings["hydra"])
    folders = job_folders(sweep)
    numbers = sorted(folders) if plan is None else range(len(plan))
    jobs: list[Job] = []
    for number in numbers:
        folder = folders.get(number, sweep / str(number))
        overrides = read_overrides(overrides_file(folder)) if plan is None else plan[number]
        jobs.append(_read_job(number, folder, overrides, settings.get("objective")))
    return jobs


def _read_job(number: int, folder: Path, overrides: list[str], objective: str | None) -> Job:
    """A job with the results in its folder. `objective` is the name of a metric."""
    summary = summary_of(folder)
    metrics = summary.get("metrics", {})
    value = metrics.get(objective)
    if value is None and objective in metrics:  # JSON has no NaN
        value = math.nan
    state, reason = state_of(folder)
    return Job(
        number,
        folder,
        by_setting(overrides),
        state,
        reason,
        objective=value,
        iterations=summary.get("iterations"),
        seconds=summary.get("seconds"),
        stamp=_stamp(summary),
    )


def _stamp(summary: dict[str, Any]) -> str | None:
    """How the metrics of a summary were measured, as text."""
    stamp = summary.get("stamp")
    if not stamp:
        return None
    return ", ".join(f"{name} {value}" for name, value in stamp.items())


# going on


def resumed_sweep(folder: Path, command: CommandLine) -> CommandLine:
    """The command line that goes on with the sweep in `folder`: its own overrides, and those of `command`.

    Raises InputError for an override that may not be added, for a sweep whose jobs are not known in advance, and for
    one whose config files the command line does not name again.
    """
    hydra = settings_of(folder)["hydra"]
    sweeper = hydra["sweeper"]["_target_"]
    if sweeper != _BASIC:
        raise InputError(
            f"resume={folder}: its sweeper ({sweeper}) chose its jobs as it went, so the rest is not "
            "known: go on with single jobs, or start a new sweep"
        )
    _check_files_named(folder, hydra, command)
    added = from_here(_without(["resume", *_NAMES_FILES], command.overrides))
    for text in added:
        _check_may_be_added(text)
    saved = _without(_NAMES_FILES, [*hydra["overrides"]["task"], *hydra["overrides"]["hydra"]])
    check_saved(saved, folder / SWEEP_FILE)
    replaced = {"resume", *map(key_of, added)}
    overrides: list[str] = []
    for text in _without(replaced, saved):
        if not key_of(text).startswith(_FIXED):
            overrides.append(text)
    for text in hydra["overrides"]["hydra"]:
        if text.startswith("hydra.sweeper."):  # they define the jobs, too
            overrides.append(text)
    place = quoted(folder.resolve())
    own_settings = "hydra.output_subdir='${saddle.settings:${hydra.runtime.output_dir}}'"
    searched = [text for text in command.overrides if key_of(text) in _NAMES_FILES]
    overrides += [*searched, *added, f"resume={place}", f"hydra.sweep.dir={place}", own_settings]
    flags = [text for text in command.flags if text not in ("-m", "--multirun")]
    return CommandLine(("--multirun", *flags), tuple(overrides))


def _check_files_named(folder: Path, hydra: dict[str, Any], command: CommandLine) -> None:
    """Raise InputError unless the command line names the config files again that the sweep in `folder` was begun with.

    They are not taken from multirun.yaml, which may be a stranger's.
    """
    names = " again, because config files are never followed from a sweep's own folder"
    for text in hydra["overrides"]["hydra"]:
        if key_of(text) in _NAMES_FILES and text not in command.overrides:
            raise InputError(f"resume={folder}: this sweep was begun with {text}: give that{names}")
    sources = (hydra.get("runtime") or {}).get("config_sources") or []
    was_named = any(source.get("provider") == "command-line" for source in sources)
    if was_named and command.config_dir is None:
        raise InputError(f"resume={folder}: this sweep was begun with --config-dir: give that{names}")
    primary = (hydra.get("job") or {}).get("config_name")
    if primary not in (None, PRIMARY) and not command.names_primary:
        raise InputError(f"resume={folder}: this sweep was begun with --config-name={primary}: give that{names}")


def _check_may_be_added(text: str) -> None:
    """Raise InputError for an override that would change the jobs of a sweep or move its folders."""
    key = key_of(text)
    may_be_added = key.startswith("hydra.") or key in _MAY_BE_ADDED
    if key.startswith(_FIXED) or not may_be_added:
        raise InputError(
            f"{text}: a sweep goes on with its own settings, as its finished jobs have them; only hydra.*, "
            "hydra/launcher, sweep, data.root and data.changed may be added, and none that moves its folders"
        )
