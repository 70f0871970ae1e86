"""Options of the config's groups, read from their files, so that messages can name the options that would work."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from saddle.config.location import config_folders
from saddle.config.signature import import_target
from saddle.error import InputError
from saddle.file import relative


def options(group: str) -> list[str]:
    """The options of a group (the names of its files), in alphabetical order; empty if there is no such group."""
    return sorted(_files(group))


def groups() -> list[str]:
    """The groups of saddle's config and of the plugins', in alphabetical order."""
    names: set[str] = set()
    for folder in config_folders():
        names |= {path.name for path in folder.iterdir() if path.is_dir() and path.name != "hydra"}
    return sorted(names)


def package_with(group: str, option: str) -> str | None:
    """The package in the current folder that has this option among its config files; None if there is none."""
    if group not in groups():
        return None
    for file in sorted(Path().glob(f"*/conf/{group}/*.yaml")):
        if file.stem == option:
            return file.parts[0]
    return None


def settings_in(group: str, option: str) -> list[str]:
    """The dotted names of the settings in the file of an option that belong to its group."""
    content = _content(_files(group)[option])
    inside = content.get(group, {}) if "@package _global_" in _text(_files(group)[option]) else content
    return _dotted(inside, f"{group}.")


def file_building(group: str, target: Any) -> str | None:
    """The path of the first file of a group that has `_target_: target`; None if there is none."""
    for file in _files(group).values():
        if target in _targets(_content(file)):
            return str(relative(file))
    return None


def file_of(group: str, option: str) -> str:
    """The path of an option's file."""
    return str(relative(_files(group)[option]))


def _targets(content: Any) -> Iterator[Any]:
    """The values of `_target_` in nested settings."""
    for name, value in content.items() if isinstance(content, dict) else ():
        if name == "_target_":
            yield value
        else:
            yield from _targets(value)


def _text(file: Path) -> str:
    """The text of a config file; empty if it cannot be read, which Hydra reports where it is chosen."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _content(file: Path) -> dict[str, Any]:
    """The settings in a config file; none if it is not valid YAML, which Hydra reports where it is chosen."""
    try:
        content = yaml.safe_load(_text(file))
    except yaml.YAMLError:
        return {}
    return content if isinstance(content, dict) else {}


def _dotted(settings: Any, prefix: str) -> list[str]:
    """The dotted names of nested settings, but for those that are Hydra's own."""
    names: list[str] = []
    if not isinstance(settings, dict):
        return names
    for name, value in settings.items():
        if name != "defaults" and not str(name).startswith("_"):
            names += [f"{prefix}{name}", *_dotted(value, f"{prefix}{name}.")]
    return names


def _files(group: str) -> dict[str, Path]:
    """The files of a group by option, from the first of the config folders that has it."""
    files: dict[str, Path] = {}
    for folder in config_folders():
        for file in (folder / group).glob("*.yaml"):
            files.setdefault(file.stem, file)
    return files


def target_of(group: str, option: str, part: str | None = None) -> type | None:
    """The class that an option builds, or that its entry `part` builds (a network by name); None if there is none.

    Also None for a class that cannot be imported: it hinders no run but those that choose it, where it is refused.
    """
    name = _target_name(group, option, part)
    if name is None:
        return None
    try:
        return import_target(group, name)
    except InputError:
        return None


def _target_name(group: str, option: str, part: str | None) -> Any:
    """The `_target_` of an option, or of its entry `part`; None if there is none."""
    content = _content(_files(group)[option])
    keys = [option, group] if part is None else [part, option, group]
    for key in keys:  # a network; a penalty, which is an entry of its own name; a game
        node = content.get(key)
        if isinstance(node, dict) and "_target_" in node:
            return node["_target_"]
    return content.get("_target_") if part is None else None


def options_where(group: str, fits: Callable[[type], bool], part: str | None = None) -> list[str]:
    """The options of a group whose class `fits`. In the group architecture `part` names the network that is judged."""
    names: list[str] = []
    for option in options(group):
        target = target_of(group, option, part)
        if target is not None and fits(target):
            names.append(option)
    return names


def either(group: str, names: list[str]) -> str:
    """The options as a choice in words: `architecture=dcgan or mlp`; `another GROUP` if there is none."""
    if not names:
        return f"another {group}"
    *first, last = names
    if not first:
        return f"{group}={last}"
    return f"{group}={', '.join(first)} or {last}"


def takes(target: Any, parameter: str) -> bool:
    """Whether the constructor of a class has a parameter of that name."""
    return parameter in inspect.signature(target).parameters
