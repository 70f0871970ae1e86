"""Checks of config files from outside: folders that the command line names by --config-dir or hydra.searchpath.

Such files may be a stranger's. What they set for saddle is checked when it is composed, like any other setting. What
they set for Hydra itself is checked here, because Hydra imports and calls what its own settings name.
"""

import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from saddle.config.command_line import CommandLine
from saddle.config.location import check_options
from saddle.error import InputError
from saddle.plugin import ENVIRONMENT

_PARTS = ("hydra._internal.core_plugins.", "hydra.experimental.callbacks.", "hydra_plugins.")
"""What the names of Hydra's launchers, sweepers and callbacks begin with."""

_CLASSES = {
    "saddle.sweep.job.SweepStart",  # in conf/train.yaml and copies of it
    *("logging.StreamHandler", "logging.NullHandler", "logging.Formatter", "colorlog.ColoredFormatter"),
}
"""Other classes that Hydra's settings may name."""

_NAMING = ("_target_", "class", "()", "factory")
"""Keys by which Hydra's settings name classes and functions."""

_WIDENING = ("searchpath", ENVIRONMENT)
"""Settings of Hydra that bring in further files or modules."""


def check_outside(command: CommandLine) -> None:
    """Raise InputError for a config folder of the command line that is missing, or has a file that is refused.

    A file is refused if Hydra would import code that it names, or if it has the name of one of saddle's and differs.
    """
    if command.config_dir is not None:
        if not command.config_dir.is_dir():
            raise InputError(f"--config-dir={command.config_dir}: there is no such folder")
        _check_folder(command.config_dir)
    check_options(command.config_dir)
    for folder in _searched(command.settings.get("hydra.searchpath", "")):
        _check_folder(folder)


def _searched(value: str) -> list[Path]:
    """The folders of a value of hydra.searchpath: a list of file://FOLDER and pkg://PACKAGE."""
    folders: list[Path] = []
    for text in re.findall(r"(?:file|pkg)://[^,\]'\"]+", value):
        kind, _, place = text.partition("://")
        if kind == "file":
            folders.append(Path(place))
            continue
        spec = importlib.util.find_spec(place.split(".")[0])
        if spec is None:
            raise InputError(f"hydra.searchpath: the package {place} is not installed")
        for top in spec.submodule_search_locations or ():
            folders.append(Path(top).joinpath(*place.split(".")[1:]))
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"hydra.searchpath: there is no folder {folder}")
    return folders


def _check_folder(folder: Path) -> None:
    """Raise InputError for a file in `folder` that is no YAML, or through which Hydra would import code."""
    for file in sorted(folder.rglob("*.yaml")):
        try:
            text = file.read_text(encoding="utf-8")
            content = yaml.safe_load(text)
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"{file}: cannot be read as YAML ({' '.join(str(error).split())})") from error
        is_hydras = "hydra" in file.relative_to(folder).parts[:-1] or re.search(r"@package.*hydra", text) is not None
        for name in _named(content, is_hydras):
            if not isinstance(name, str) or not (name.startswith(_PARTS) or name in _CLASSES):
                raise InputError(f"{file}: {name} could be code for Hydra to run: take it out of the settings of hydra")


def _named(content: Any, is_hydras: bool) -> Iterator[Any]:
    """What settings of Hydra in `content` name; `is_hydras` says whether `content` itself is such a setting."""
    if isinstance(content, Sequence) and not isinstance(content, str):
        for item in content:
            yield from _named(item, is_hydras)
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if "@" in str(key) and "hydra" in str(key):
            yield key  # an entry of a defaults list that moves a file's content below hydra
        if is_hydras and key in _NAMING:
            yield value
        if is_hydras and key in _WIDENING:
            yield key
        yield from _named(value, is_hydras or str(key).split(".")[0] == "hydra")
