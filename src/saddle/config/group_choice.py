"""Choices of a group's file on the command line, checked before Hydra looks for the files."""

import re
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, Override, OverrideType, RangeSweep

from saddle.command import training_command
from saddle.config.grammar import parsed, unquoted
from saddle.config.location import config_folders
from saddle.config.options import options, settings_in
from saddle.error import InputError

_NOTHING: tuple[Any, ...] = (None, False, 0, "", "none", "no", "off", "nil", "null", "false", [], {})
"""Values, in small letters, by which people choose no option."""

_OPTIONAL = ("sweep", "study", "method")
"""Groups of which nothing is chosen unless the user does."""

_OF_PARTS = ("callback", "metric")
"""Groups that are never empty, and whose parts can be left out."""

_NOTHING_IS = {
    "objective": "null",
    "init": "null",
    "resume": "null",
    "callback.quality.cache": "null",
    "callback.quality.extractor": "none",
    "trainer.profiler": "null",
    "training.ema": "null",
}
"""Settings for which such a value means nothing, each with the way in which it says so."""

_OF_ONE = ("architecture", "data", "game", "loss", "optimizer")
"""Groups whose options are parts of which a run has one, so that a list would mix the settings of two."""


def check_choices(overrides: Sequence[str]) -> None:
    """Raise InputError, naming the override, unless a group is chosen by a name, or by a list of names.

    Hydra would fail on numbers, and follow a name with `..` out of the folder of the config. A sweep over nothing is
    refused, too: it would end without a job and without a word.
    """
    is_search = chooses_search(overrides)
    for text in without_nothing(overrides):
        override = parsed(text)
        if override is None:
            continue
        group = override.key_or_group
        if not group:
            raise InputError(f"{text}: this is not setting=value (it names no setting)")
        if override.is_sweep_override():
            _check_sweep(text, override, is_search)
        if is_group(group) and not _chooses_names(override):
            raise InputError(_no_name(text, group))
        if group in _OF_ONE and any(isinstance(choice, list) and len(choice) > 1 for choice in _choices(override)):
            raise InputError(f"{text}: a run has one of these: choose one, or compare them by -m {group}=NAME,NAME")


def _no_name(text: str, group: str) -> str:
    """One sentence for a group that is chosen by no name."""
    names = ", ".join(options(group)) or f"see {training_command()} --help"
    return f"{text}: a group is chosen by the name of one of its files: {names}"


def chooses_search(overrides: Sequence[str]) -> bool:
    """Whether overrides choose `sweep=optuna`, alone or beside others."""
    choices = [choice_of(text) for text in overrides if text.startswith("sweep=")]
    for choice in choices:
        option = None if choice is None else choice[1]
        if "optuna" in (option if isinstance(option, list) else [option]):
            return True
    return False


def _check_sweep(text: str, override: Override, is_search: bool) -> None:
    """Raise InputError for several values that give no job, and for those that the sweeper does not take."""
    value = override.value()
    group = override.key_or_group
    if isinstance(value, IntervalSweep) and not is_search:
        raise InputError(
            f"{text}: a sweep takes no interval: list values, as 1,2,3, or use range(1,4), or let sweep=optuna search"
        )
    if isinstance(value, RangeSweep) and not list(value.range()):
        raise InputError(f"{text}: this range has no values")
    if not isinstance(value, Glob):
        return
    if not is_group(group):
        raise InputError(f"{text}: glob chooses among the options of a group, and {group} is none: list values")
    if not value.filter(options(group)):
        raise InputError(f"{text}: no option of {group} is called so; there are {', '.join(options(group))}")


def is_group(name: str) -> bool:
    """Whether a key of the command line names a group of config files, Hydra's own ones included."""
    if not name:
        return False
    if re.match(r"hydra(/|$)", name):
        return True
    return any((folder / name).is_dir() for folder in config_folders())


def _chooses_names(override: Override) -> bool:
    """Whether each choice of an override is the name of a file, or a list of such names."""
    value = override.value()
    if override.is_delete():
        return value is None or isinstance(value, str)
    return isinstance(value, Glob) or all(_is_choice(choice) for choice in _choices(override))


def _choices(override: Override) -> list[Any]:
    """The values of an override: one, or those of a sweep as far as they are listed."""
    value = override.value()
    if not override.is_sweep_override():
        return [value]
    return list(value.list) if isinstance(value, ChoiceSweep) else [...]


def _is_choice(value: Any) -> bool:
    """Whether a value chooses an option, or several at once, by name."""
    choices: list[Any] = value if isinstance(value, list) else [value]
    return bool(choices) and all(_is_name(unquoted(choice)) for choice in choices)


def _is_name(text: Any) -> bool:
    """Whether a choice is a name that stays inside the folder of its group."""
    return isinstance(text, str) and re.fullmatch(r"[\w./-]+", text) is not None and ".." not in text


def choice_of(text: str) -> tuple[str, Any] | None:
    """The group and the option or options that an override chooses; None for an override of a setting.

    Hydra's own groups do not count, nor groups in packages (`GROUP@PLACE=OPTION`).
    """
    override = parsed(text)
    if override is None or override.type != OverrideType.CHANGE or not _is_own_group(override):
        return None
    value = override.value()
    if isinstance(value, list):
        return override.key_or_group, [str(unquoted(item)) for item in value]
    return override.key_or_group, str(unquoted(value))


def _is_own_group(override: Override) -> bool:
    """Whether an override is about a group of saddle's or a plugin's, in its usual place."""
    group = override.key_or_group
    return override.package is None and not group.startswith("hydra") and is_group(group)


# nothing


def with_nothing_spelled_out(overrides: Sequence[str]) -> list[str]:
    """The overrides with one way of choosing nothing (`penalty=none`) for all the others (`[]`, `null`, `~penalty`).

    Raises InputError where a run needs something.
    """
    spelled_out: list[str] = []
    for text in overrides:
        override = parsed(text)
        parts = [] if override is None else _parts_left_out(override)
        if parts:
            spelled_out += parts
        elif override is not None and _chooses_nothing(override):
            spelled_out += _nothing(text, override)
        else:
            spelled_out.append(text)
    return spelled_out


def without_nothing(overrides: Sequence[str]) -> list[str]:
    """Spelled-out overrides without those that choose nothing where that is the default: Hydra would not take them."""
    nothing = [f"{group}=null" for group in _OPTIONAL]
    return [text for text in overrides if text not in nothing]


def _parts_left_out(override: Override) -> list[str]:
    """`~penalty=r1` as `~penalty.r1`, for one option or several; empty for all that is no such override."""
    value = override.value()
    if not override.is_delete() or value is None or not _is_own_group(override):
        return []
    group = override.key_or_group
    left_out: list[str] = []
    for choice in value if isinstance(value, list) else [value]:
        option = str(unquoted(choice))
        if option in options(group) and f"{group}.{option}" in settings_in(group, option):
            left_out.append(f"~{group}.{option}")
    return left_out


def _nothing(text: str, override: Override) -> list[str]:
    """The one way of choosing nothing, in place of an override.

    Raises InputError if a run needs something.
    """
    name = override.key_or_group
    if name in _NOTHING_IS:
        return [f"{name}={_NOTHING_IS[name]}"]
    if not _is_own_group(override):
        return [text]
    if name in _OPTIONAL:
        return [f"{name}=null"]
    choices = options(name)
    if override.is_delete() and isinstance(override.value(), str) and override.value() not in choices:
        raise InputError(f"{text}: {name} has no such option")
    if "none" in choices:
        return [f"{name}=none"]
    if name in _OF_PARTS:
        raise InputError(f"{text}: leave single parts out by ~{name}.NAME; the parts are those of {name}=default")
    raise InputError(f"{text}: a run needs this; choose one of {', '.join(choices)}")


def _chooses_nothing(override: Override) -> bool:
    """Whether an override leaves its setting out, or gives it a value that means nothing."""
    value = override.value()
    if override.is_delete():
        return value is None or isinstance(value, str)
    if override.type != OverrideType.CHANGE or override.is_sweep_override():
        return False
    value = unquoted(value)
    return (value.lower() if isinstance(value, str) else value) in _NOTHING
