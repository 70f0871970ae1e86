"""Checks of config files from outside: folders that the command line names by --config-dir or hydra.searchpath.

Such files may be a stranger's. What they set for saddle is checked when it is composed, like any other setting. What
they set for Hydra itself is checked here, because Hydra imports and calls what its own settings name.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from saddle.config.command_line import CommandLine
from saddle.config.grammar import parsed, unquoted
from saddle.config.location import check_options, config_folder, folder_of_package
from saddle.config.override import check_hydra
from saddle.error import InputError

_PLAIN = {"run.dir", "sweep.dir", "sweep.subdir", "verbose", "mode", "job.name", "job.chdir"}
"""Settings of Hydra that name no code, whatever their value is."""


def check_command(command: CommandLine) -> None:
    """Raise InputError for what the command line itself, or a config file that it names, would have Hydra run.

    Also for a config folder that is not there, and for a file that has the name of one of saddle's and differs.
    """
    check_hydra(command.overrides)
    folders: dict[str, Path] = {}
    if command.config_dir is not None:
        folders[f"--config-dir={command.config_dir}"] = command.config_dir
    for text in command.overrides:
        if text.lstrip("+").startswith("hydra.searchpath="):
            folders |= _searched(text)
    for name, folder in folders.items():
        if not folder.is_dir():
            raise InputError(f"{name}: there is no such folder")
        _check_folder(folder)
    check_options(folders)


def _searched(text: str) -> dict[str, Path]:
    """The folders of an override of hydra.searchpath, a list of FOLDER, file://FOLDER and pkg://PACKAGE."""
    override = parsed(text)
    value = None if override is None else override.value()
    folders: dict[str, Path] = {}
    for entry in value if isinstance(value, list) else []:
        kind, _, place = str(unquoted(entry)).rpartition("://")
        name = f"hydra.searchpath: {kind}://{place}" if kind else f"hydra.searchpath: {place}"
        folder = folder_of_package(place) if kind == "pkg" else Path(place)
        if folder is None:
            raise InputError(f"hydra.searchpath: the package {place} is not installed")
        folders[name] = folder
    return folders


def _check_folder(folder: Path) -> None:
    """Raise InputError for a config file in a folder that could have Hydra run code."""
    files, left_out = _files(folder)
    for file in files:
        _check_file(file, file.relative_to(folder).parent.as_posix(), left_out)


def _files(folder: Path) -> tuple[list[Path], list[str]]:
    """The YAML files in a folder, also behind symbolic links, and the folders below it that are left out.

    These are hidden ones, and those of runs and sweeps, whose files hold settings of Hydra.
    """
    files: list[Path] = []
    left_out: list[str] = []
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = Path(place).resolve()
        is_run = ".hydra" in folders or "multirun.yaml" in names
        if real in seen or is_run or Path(place).name.startswith("."):
            left_out.append(Path(place).relative_to(folder).as_posix())
            folders.clear()
            continue
        seen.add(real)
        files += [Path(place) / name for name in sorted(names) if name.endswith((".yaml", ".yml"))]
    return files, left_out


def _check_file(file: Path, group: str, left_out: Sequence[str]) -> None:
    """Raise InputError for a config file that sets more of Hydra's settings than plain values.

    `group` is its folder below the config folder, and `left_out` are folders there to which it may not lead. A file
    that is no YAML is left to Hydra, which refuses it if it is chosen.
    """
    try:
        text = file.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    moved = re.search(r"^\s*#\s*@package\b.*hydra", text, re.MULTILINE) is not None
    if moved or group.split("/")[0] == "hydra":
        raise InputError(f"{file}: a file of your own may be no part of Hydra's settings, which could run code")
    for setting in _settings_of_hydra(content):
        raise InputError(f"{file}: {setting} could have Hydra run code: take it out of there")
    for entry in _defaults_in(content):
        if _leads_astray(entry, group, left_out):
            raise InputError(f"{file}: {entry} could have Hydra run code: take it out of the defaults list")


def _defaults_in(content: Any) -> Iterator[str]:
    """The entries of a file's defaults list, and of their options, as text."""
    defaults = content.get("defaults") if isinstance(content, dict) else None
    for entry in defaults if isinstance(defaults, list) else []:
        if not isinstance(entry, dict):
            yield str(entry)
            continue
        for key, value in entry.items():
            for option in value if isinstance(value, list) else [value]:
                yield f"{key}/{option}"


def _leads_astray(entry: str, group: str, left_out: Sequence[str]) -> bool:
    """Whether an entry of a defaults list leads out of its folder, or into one that is left out, or below hydra."""
    path = re.sub(r"^(override|optional)\s+", "", entry)
    path, _, package = path.partition("@")
    option = package.partition("/")[2]
    if "hydra" in package.partition("/")[0] or "${" in package or ".." in entry or "/." in entry:
        return True
    for full in (f"{path}/{option}".strip("/"), f"{group}/{path}/{option}".strip("/")):
        if any(full.startswith(f"{place}/") for place in left_out):
            return True
    return False


def _settings_of_hydra(content: Any) -> Iterator[str]:
    """The settings of Hydra in `content` that are neither plain values nor as in saddle's own conf/train.yaml."""
    if isinstance(content, list):
        for item in content:
            yield from _settings_of_hydra(item)
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if key == "hydra":
            yield from _not_plain(value, _own_settings_of_hydra(), "")
        elif str(key).startswith("hydra."):
            yield str(key)
        else:
            yield from _settings_of_hydra(value)


def _not_plain(value: Any, own: Any, place: str) -> Iterator[str]:
    """The settings below hydra in `value`, at `place`, that differ from saddle's `own` and are not plain."""
    if value == own or place in _PLAIN:
        return
    if not isinstance(value, dict) or not isinstance(own, dict | None):
        yield f"hydra.{place}".rstrip(".")
        return
    for key, item in value.items():
        yield from _not_plain(item, (own or {}).get(key), f"{place}.{key}".lstrip("."))


def _own_settings_of_hydra() -> Any:
    """The node `hydra` of conf/train.yaml."""
    content = yaml.safe_load((Path(config_folder()) / "train.yaml").read_text(encoding="utf-8"))
    return content["hydra"]
