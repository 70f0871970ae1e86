"""A sweep as its folder tells it: the jobs, their names and states, and the command line that goes on with it."""

import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from saddle.config.override import check_saved, key_of, quoted, value_of
from saddle.error import Failed, InputError
from saddle.file import numbered

ERROR = "error.txt"
"""The file in a job's folder that says why it failed: one sentence where that is known, else a traceback."""

_LONGEST_NAME = 100
_BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
_ADDED = ("hydra.", "hydra/launcher", "sweep", "data.root")
_FIXED = ("hydra.sweep.", "hydra.sweeper.", "hydra.mode", "hydra.run.", "hydra.output_subdir")


@dataclass(frozen=True)
class Job:
    """One job of a sweep: its overrides by setting, and its state in its folder.

    `state` is finished, interrupted (which a running job is, too), failed or missing; `reason` says more. `objective`
    is NaN where it was measured and is not finite, None where it was not measured.
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
    def refused(self) -> bool:
        """Whether the job failed because its input is wrong, so that nothing was trained."""
        trained = ("Traceback", Failed.BEGINS)
        return self.state == "failed" and not (self.folder / ERROR).read_text().startswith(trained)


def is_sweep(folder: Path) -> bool:
    """Whether `folder` is that of a sweep."""
    return (folder / "multirun.yaml").is_file()


def settings_of(folder: Path) -> dict[str, Any]:
    """The content of multirun.yaml; raises InputError if it is not there or cannot be read."""
    file = folder / "multirun.yaml"
    try:
        settings = yaml.safe_load(file.read_text())
        settings["hydra"]["overrides"]["task"]
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise InputError(f"{folder}: expected the folder of a sweep, with a multirun.yaml that Hydra wrote") from error
    return settings


def split(arguments: Sequence[str]) -> list[list[str]]:
    """The overrides of each job that Hydra's basic sweeper makes of a command line's, in its order."""
    from hydra import initialize_config_dir
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.override_parser.overrides_parser import OverridesParser

    if not GlobalHydra.instance().is_initialized():
        from saddle.run.folder import config_folder

        with initialize_config_dir(config_folder(), version_base="1.3"):
            return split(arguments)
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    [jobs] = BasicSweeper.split_arguments(parser.parse_overrides(list(arguments)), None)
    return jobs


def planned(hydra: dict[str, Any]) -> list[list[str]] | None:
    """The overrides of each job of a sweep with these settings of Hydra; None where its sweeper chooses as it goes."""
    if hydra["sweeper"]["_target_"] != _BASIC:
        return None
    params = [f"{key}={value}" for key, value in (hydra["sweeper"].get("params") or {}).items()]
    return split([*params, *(text for text in hydra["overrides"]["task"] if key_of(text) != "resume")])


def varying(jobs: Sequence[dict[str, str]]) -> list[str]:
    """The settings that differ between jobs, in the order in which they were given."""
    names = list(dict.fromkeys(name for job in jobs for name in job))
    return [name for name in names if len({job.get(name) for job in jobs}) > 1]


def by_setting(overrides: Sequence[str]) -> dict[str, str]:
    """Overrides as a mapping from setting to value."""
    return {key_of(text): value_of(text) for text in overrides}


def folders(sweep: Path) -> dict[int, Path]:
    """The folders of a sweep's jobs by number."""
    found = {}
    for path in sorted(sweep.iterdir()) if sweep.is_dir() else ():
        if path.is_dir() and (match := re.match(r"(\d+)(_|$)", path.name)):
            found.setdefault(int(match[1]), path)
    return found


def job_name(sweep: str, number: int, overrides: str) -> str:
    """The name of a job's folder: the one it has, else its number and those of its overrides that vary in the sweep.

    `overrides` serve where the sweep does not say what varies.
    """
    known = folders(Path(sweep)).get(number)
    if known is not None:
        return known.name
    if is_sweep(Path(sweep)) and (jobs := planned(settings_of(Path(sweep))["hydra"])) is not None:
        listed = [by_setting(job) for job in jobs]
        overrides = ",".join(f"{name}={listed[number][name]}" for name in varying(listed))
    safe = re.sub(r"[^\w.,=+-]+", "_", overrides)[:_LONGEST_NAME].rstrip("._,")
    return f"{number}_{safe}" if safe else str(number)


def keeps_settings(folder: str) -> str | None:
    """Hydra's `output_subdir` for a job of a sweep that goes on: null where the job's own settings shall stay."""
    return None if state_of(Path(folder))[0] == "finished" or last_checkpoint(Path(folder)) else ".hydra"


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint that a run goes on from, if it is whole: last.ckpt or, without that, the latest."""
    path = folder / "checkpoints" / "last.ckpt"
    earlier = list(numbered(folder / "checkpoints", ".ckpt").values())
    return path if path.is_file() else earlier[-1] if earlier else None


def summary_of(folder: Path) -> dict[str, Any]:
    """The content of summary.json, or nothing."""
    try:
        return json.loads((folder / "summary.json").read_text())
    except (OSError, ValueError):
        return {}


def objective_of(name: str | None, folder: Path) -> float | None:
    """The entry `name` of summary.json's metrics; infinity where it is not finite, None (said) where there is none."""
    metrics = summary_of(folder).get("metrics")
    if name is None or metrics is None:
        return None
    if name not in metrics:
        print(f"objective={name}: not measured; {folder / 'summary.json'} has {', '.join(metrics)}", file=sys.stderr)
        return None
    return math.inf if metrics[name] is None else float(metrics[name])


def state_of(folder: Path) -> tuple[str, str]:
    """State and reason of the job in `folder`, from its files alone."""
    if not folder.is_dir():
        return "missing", "not begun"
    if (folder / ERROR).is_file():
        lines = [line for line in (folder / ERROR).read_text().splitlines() if line.strip()]
        return "failed", lines[-1] if lines else "no reason given"
    summary = summary_of(folder)
    if summary.get("finished"):
        return "finished", ""
    if summary:
        return "interrupted", f"stopped at iteration {summary['iterations']}"
    return "interrupted", "killed or still running" + ("" if last_checkpoint(folder) else ", no checkpoint yet")


def read_jobs(sweep: Path) -> list[Job]:
    """All jobs of a sweep by number, those that never began among them; raises InputError if it is no sweep."""
    settings = settings_of(sweep)
    wanted = planned(settings["hydra"])
    there = folders(sweep)
    numbers = range(len(wanted)) if wanted is not None else sorted(there)
    return [_read_job(sweep, n, there.get(n), wanted and wanted[n], settings.get("objective")) for n in numbers]


def _read_job(sweep: Path, number: int, folder: Path | None, wanted: list[str] | None, objective: str | None) -> Job:
    folder = folder or sweep / str(number)
    if wanted is None:
        file = folder / ".hydra" / "overrides.yaml"
        wanted = yaml.safe_load(file.read_text()) if file.is_file() else []
    summary = summary_of(folder)
    metrics = summary.get("metrics", {})
    value = metrics.get(objective)
    return Job(
        number,
        folder,
        by_setting(wanted),
        *state_of(folder),
        objective=math.nan if objective in metrics and value is None else value,
        iterations=summary.get("iterations"),
        seconds=summary.get("seconds"),
        stamp=_stamp(summary),
    )


def _stamp(summary: dict[str, Any]) -> str | None:
    stamp = summary.get("stamp")
    return ", ".join(f"{name} {value}" for name, value in stamp.items()) if stamp else None


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
    new = [text for text in arguments if key_of(text) != "resume" and not text.startswith("-")]
    for text in new:
        key = key_of(text)
        if key.startswith(_FIXED) or not (key.startswith("hydra.") or key in _ADDED):
            raise InputError(
                f"{text}: a sweep goes on with its own settings, as its finished jobs have them; only hydra.*, "
                "hydra/launcher, sweep and data.root may be added, and none that moves its folders"
            )
    added = {key_of(text) for text in new}
    saved = check_saved([*hydra["overrides"]["task"], *hydra["overrides"]["hydra"]], folder / "multirun.yaml")
    kept = [text for text in saved if key_of(text) not in {*added, "resume"} and not key_of(text).startswith(_FIXED)]
    flags = [text for text in arguments if text.startswith("-") and text not in ("-m", "--multirun")]
    kept += [text for text in hydra["overrides"]["hydra"] if text.startswith("hydra.sweeper.")]
    place = quoted(folder.resolve())
    keep = "hydra.output_subdir='${saddle.settings:${hydra.runtime.output_dir}}'"
    return ["--multirun", *flags, *kept, *new, f"resume={place}", f"hydra.sweep.dir={place}", keep]
