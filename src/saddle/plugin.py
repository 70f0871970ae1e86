"""Packages of other people, whose classes and config files saddle uses beside its own.

What may be built is a question of trust, so the answer comes from outside of every file: from the environment variable
SADDLE_PLUGINS and from the entry points of installed packages. No config, checkpoint or record can name a plugin.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from saddle.error import InputError, first_line

ENVIRONMENT = "SADDLE_PLUGINS"
"""The environment variable that names modules, separated by commas."""

GROUP = "saddle.plugins"
"""The group of entry points by which an installed package names its module."""


@dataclass(frozen=True)
class Plugin:
    """An imported module of somebody else."""

    name: str
    """The dotted name of the module. The names of the classes that it may build begin with it."""
    folder: Path | None
    """Its config files: the folder `conf` inside the package; None if there is none."""


_FOLDER = "SADDLE_PLUGINS_FOLDER"
"""The environment variable by which processes that this one starts know where it was begun."""

_trusted: tuple[str, str] | None = None
"""SADDLE_PLUGINS and the current folder when a command began; None before."""


def trust_environment() -> None:
    """Take SADDLE_PLUGINS and the current folder as they are now, when a command begins.

    Whatever changes them later, such as Hydra's settings, widens nothing.
    """
    global _trusted
    folder = os.environ.get(_FOLDER)
    if folder is None:
        folder = _current_folder()
    _trusted = os.environ.get(ENVIRONMENT, ""), folder


def _current_folder() -> str:
    """The current folder; empty if it was removed."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


def pass_on_folder() -> None:
    """Tell all processes that this one will start where it was begun."""
    os.environ.update(_handed_on())


def plugins() -> tuple[Plugin, ...]:
    """The plugins, those of SADDLE_PLUGINS first; raises InputError for one that cannot be imported."""
    if _trusted is None:
        trust_environment()
    assert _trusted is not None
    return _loaded(*_trusted)


@cache
def _loaded(named: str, folder: str) -> tuple[Plugin, ...]:
    """The plugins that the value `named` of SADDLE_PLUGINS and the entry points name, each imported once.

    A named module is also found in `folder`.
    """
    names = list(dict.fromkeys(name.strip() for name in named.split(",") if name.strip()))
    installed = _installed()
    with _searched_last(folder):
        found = [_load(name, f"{ENVIRONMENT}={named}") for name in names]
    for name, source in installed.items():
        if name not in names:
            found.append(_load(name, source))
    return tuple(found)


@contextmanager
def _searched_last(folder: str) -> Iterator[None]:
    """Inside, modules are also found in `folder`, unless they are installed."""
    before = list(sys.path)
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path[:] = before


def _installed() -> dict[str, str]:
    """The modules that entry points name, each with words for where it is named.

    Raises InputError if two entry points have one name.
    """
    sources: dict[str, str] = {}
    modules: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        other = modules.setdefault(point.name, point.module)
        if other != point.module:
            raise InputError(
                f"two plugins are called {point.name} (entry points in {GROUP}), the modules {other} and "
                f"{point.module}: uninstall one of them"
            )
        package = "an installed package" if point.dist is None else point.dist.name
        sources[point.module] = f"the entry point {point.name} of {package}"
    return sources


def _load(name: str, source: str) -> Plugin:
    """Import the module `name`; `source` says who named it. Raises InputError if that fails, for whatever reason."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise InputError(f"{source}: {name!r} is no name of a module: use names as mypackage, separated by commas")
    import saddle.compat  # noqa: F401  (a plugin may import Lightning)

    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a module may raise anything
        reason = f"{type(error).__name__}: {first_line(error)}"
        remedy = "install it or add its folder to PYTHONPATH" if _is_missing(name, error) else "mend it or leave it out"
        raise InputError(f"{source}: the plugin {name} cannot be imported ({reason}): {remedy}") from error
    for place in getattr(module, "__path__", ()):  # a single file has none
        folder = Path(place) / "conf"
        if folder.is_dir():
            return Plugin(name, folder)
    return Plugin(name, None)


def _is_missing(name: str, error: BaseException) -> bool:
    """Whether `error` says that the module `name` itself is not there."""
    return isinstance(error, ModuleNotFoundError) and error.name is not None and f"{name}.".startswith(f"{error.name}.")


def environment() -> dict[str, str]:
    """The environment variables of a process that this one starts, in which the same modules can be imported."""
    path = os.pathsep.join(place for place in sys.path if place)
    return {**os.environ, **_handed_on(), "PYTHONPATH": path}


def _handed_on() -> dict[str, str]:
    """The variables by which other processes of the command trust what this one trusts."""
    if _trusted is None:
        return {}
    named, folder = _trusted
    return {ENVIRONMENT: named, _FOLDER: folder}
