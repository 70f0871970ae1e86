"""Studies: sweeps whose jobs a file of the group `study` lists."""

from pathlib import Path
from typing import Any

import yaml

from saddle.command import training_command
from saddle.config.command_line import CommandLine
from saddle.config.location import config_folders
from saddle.config.options import options
from saddle.error import InputError


def with_jobs_of_study(command: CommandLine) -> CommandLine:
    """The command line with the settings and values that its study compares; without a study, itself.

    A setting that the command line gives stays as it is there. What is written into the sweep's folder is then an
    ordinary sweep, which goes on even if the study's file has changed. Raises InputError for a study that is unknown,
    that lists no values, or that is no sweep.
    """
    name = command.settings.get("study", "null")
    if name in ("", "null"):
        return command
    if name not in options("study"):
        raise InputError(f"study={name}: there is no such study; choose one of {', '.join(options('study'))}")
    if not command.is_multirun:
        raise InputError(f"study={name} trains many runs: use {training_command()} -m study={name}")
    overrides: list[str] = []
    for setting, values in _compared(name).items():
        if setting not in command.settings:
            overrides.append(f"{setting}={','.join(map(str, values))}")
    return CommandLine(command.flags, (*command.overrides, *overrides))


def _compared(name: str) -> dict[str, list[Any]]:
    """The values of each setting that a study compares, from `study.over` in its file."""
    [file] = [path for path in _files(name) if path.is_file()][:1]
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    study = content.get("study") if isinstance(content, dict) else None
    over = study.get("over") if isinstance(study, dict) else None
    if not isinstance(over, dict) or not over or not all(_is_list(values) for values in over.values()):
        raise InputError(f"study={name}: {file} needs study.over, a list of values for each setting that is compared")
    return over


def _is_list(values: Any) -> bool:
    return isinstance(values, list) and bool(values)


def _files(name: str) -> list[Path]:
    """Where the file of a study may lie, in the order in which the config folders are searched."""
    return [folder / "study" / f"{name}.yaml" for folder in config_folders()]
