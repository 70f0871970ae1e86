"""Choices of a group's file on the command line, checked before Hydra looks for the files."""

import re
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, OverrideType
from hydra.errors import HydraException

from saddle.command import training_command
from saddle.config.location import config_folders
from saddle.error import InputError


def check_choices(overrides: Sequence[str]) -> None:
    """Raise InputError, naming the override, unless a group is chosen by a name, or by a list of names.

    Hydra would fail on numbers, and follow a name with `..` out of the folder of the config.
    """
    parser = OverridesParser.create()
    for text in overrides:
        if text.startswith("-"):
            continue  # a flag of Hydra's own
        try:
            override = parser.parse_override(text)
        except HydraException:
            continue  # Hydra raises the same error later, with the place
        group = override.key_or_group
        if not group:
            raise InputError(f"{text}: this is not setting=value (it names no setting)")
        if is_group(group) and not _chooses_names(override):
            raise InputError(
                f"{text}: a group is chosen by the name of one of its files: see {training_command()} --help"
            )


def is_group(name: str) -> bool:
    """Whether a key of the command line names a group of config files, Hydra's own ones included."""
    if re.match(r"hydra(/|$)", name):
        return True
    return any((folder / name).is_dir() for folder in config_folders())


def _chooses_names(override: Override) -> bool:
    """Whether each choice of an override is the name of a file."""
    value = override.value()
    if override.is_delete():
        return value is None or isinstance(value, str)
    choices: list[Any] = value if isinstance(value, list) else [value]
    if override.is_sweep_override():
        choices = list(value.list) if isinstance(value, ChoiceSweep) else []
    texts = [getattr(choice, "text", choice) for choice in choices]  # a quoted value keeps its text
    return all(_is_name(text) for text in texts)


def _is_name(text: Any) -> bool:
    """Whether a choice is a name that stays inside the folder of its group."""
    return isinstance(text, str) and re.fullmatch(r"[\w./-]+", text) is not None and ".." not in text


def choice_of(text: str) -> tuple[str, Any] | None:
    """The group and the option or options that an override chooses; None for an override of a setting.

    Hydra's own groups do not count, nor groups in packages (`GROUP@PLACE=OPTION`).
    """
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException:
        return None  # Hydra raises the same error later, with the place
    group = override.key_or_group
    plain = override.type == OverrideType.CHANGE and override.package is None
    if not plain or group.startswith("hydra") or not is_group(group):
        return None
    value = override.value()
    if isinstance(value, list):
        return group, [str(getattr(item, "text", item)) for item in value]
    return group, str(getattr(value, "text", value))
