"""Settings that are paths. A relative one keeps its meaning when a run goes on from another folder."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from saddle.config.override import key_of, quoted, value_of
from saddle.error import InputError
from saddle.file import replacing
from saddle.layout import SETTINGS, SWEEP_FILE

_PATH = re.compile(
    r"folder|init|keep|resume|hydra\.(run|sweep)\.dir|data\.(source|target)"
    r"|.*\.(cache|default_root_dir|dirpath|extractor|folder|path|root|save_dir)"
)
"""The names of settings that are paths."""

_OWN = re.compile(r"folder|keep|resume|hydra\..*")
"""Those that name the run itself."""

_NOT_GIVEN_AGAIN = re.compile(rf"init|{_OWN.pattern}")
"""Those that a run that goes on does not take from the command line: what it began with is behind it."""

_WORDS = ("auto", "none", "null", "")
"""Values that are no path: callback.quality.extractor=auto."""

_MOVED = "moved.yaml"
"""The file beside a run's settings that holds the new places of what was moved."""


def is_path(setting: str) -> bool:
    """Whether the setting of this name is a path."""
    return _PATH.fullmatch(setting) is not None


def places_in(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The paths of data, caches and other files in nested settings, by their dotted names."""
    places: dict[str, str] = {}
    for name, value in settings.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            places |= places_in(value, f"{path}.")
        elif isinstance(value, str) and _is_place(path, value, settings):
            places[path] = value
    return places


def _is_place(path: str, value: str, node: Mapping[str, Any]) -> bool:
    """Whether the setting `path` with this value, among the settings `node` of a part, names a file or folder."""
    if path in ("data.source", "data.target"):  # of other data these are names of domains
        return path == "data.source" and str(node.get("_target_")).endswith(".ImageFolderPair")
    return is_path(path) and not _OWN.fullmatch(path) and value not in _WORDS


def with_places(settings: Mapping[str, Any], places: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    """The nested settings with these paths, by their dotted names, in place of their own."""
    changed: dict[str, Any] = {}
    for name, value in settings.items():
        path = f"{prefix}{name}"
        changed[name] = with_places(value, places, f"{path}.") if isinstance(value, dict) else places.get(path, value)
    return changed


# where a run began


def began_in(folder: Path) -> Path | None:
    """The current folder when the run in `folder`, or the sweep whose job it is, began; None if nothing says so."""
    return sweep_began_in(folder.resolve().parent) or _recorded_in(folder / SETTINGS / "hydra.yaml")


def sweep_began_in(folder: Path) -> Path | None:
    """The current folder when the sweep in `folder` began; None if nothing says so."""
    return _recorded_in(folder / SWEEP_FILE)


def _recorded_in(file: Path) -> Path | None:
    """The current folder that Hydra recorded in a file with its settings; None if it is not there."""
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        return Path(settings["hydra"]["runtime"]["cwd"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError):
        return None


def located(settings: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
    """The settings of a run that began in the folder `base`, with the relative paths as they are from here.

    A relative path is taken from `base`. If it is not there but in the current folder, that is meant: a whole project
    was moved.
    """
    if base is None or base == Path.cwd():
        return dict(settings)
    return with_places(settings, {name: _located(path, base) for name, path in places_in(settings).items()})


def _located(path: str, base: Path) -> str:
    """A path that was written when `base` was the current folder."""
    place = base / path
    is_moved = not place.exists() and (Path(path).exists() or not base.is_dir())
    return path if is_moved else str(place)


def from_here(overrides: Sequence[str]) -> list[str]:
    """Overrides with their relative paths from the root, for a run or sweep that began in another folder."""
    return [_from_here(text) for text in overrides]


def _from_here(text: str) -> str:
    value = value_of(text)
    key = key_of(text)
    is_here = is_path(key) and not _NOT_GIVEN_AGAIN.fullmatch(key) and not text.startswith("~")
    if not is_here or value in _WORDS or "${" in value or Path(value).is_absolute():
        return text
    if key == "data.source" and not Path(value).exists():  # of other data this is the name of a domain
        return text
    return f"{text.partition('=')[0]}={quoted(Path.cwd() / value)}"


# what was moved


def moved_in(overrides: Sequence[str]) -> dict[str, str]:
    """The paths that overrides give, by setting."""
    places: dict[str, str] = {}
    for text in overrides:
        key, value = key_of(text), value_of(text)
        if is_path(key) and not _NOT_GIVEN_AGAIN.fullmatch(key) and Path(value).is_absolute():
            places[key] = value
    return places


def read_moved(folder: Path) -> dict[str, str]:
    """The new places of what was moved since the run in `folder` began; raises InputError if their file is damaged."""
    file = folder / SETTINGS / _MOVED
    try:
        moved = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{file}: cannot be read ({' '.join(str(error).split())}): remove it") from error
    if not isinstance(moved, dict) or not all(isinstance(place, str) for place in moved.values()):
        raise InputError(f"{file}: expected paths by setting: remove it")
    return {str(name): place for name, place in moved.items()}


def remember_moved(folder: Path, places: Mapping[str, str]) -> None:
    """Note the new places for the next time that the run in `folder` goes on."""
    before = read_moved(folder)
    moved = {**before, **places}
    if moved == before:
        return
    with replacing(folder / SETTINGS / _MOVED) as temporary:
        temporary.write_text(yaml.safe_dump(moved, allow_unicode=True), encoding="utf-8")
