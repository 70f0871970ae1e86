"""The command line that goes on with a sweep, from what its folder says."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from saddle.config.command_line import CommandLine
from saddle.config.grammar import parsed
from saddle.config.override import check_saved, key_of, quoted
from saddle.config.place import from_here
from saddle.config.resumed import PRIMARY
from saddle.config.search import SWEEPER
from saddle.error import InputError
from saddle.layout import SWEEP_FILE
from saddle.sweep.jobs import BASIC, settings_of, without

_NAMES_FILES = ("hydra.searchpath",)
"""Settings of Hydra that name folders of config files."""

_MAY_BE_ADDED = ("hydra/launcher", "sweep", "data.root", "data.changed")
"""Settings beside hydra.* that may be added to a sweep that goes on."""

_OF_SEARCHES = ("sweep.trials", "sweep.batch")
"""Settings that may be added to a search that goes on: the trials that it has do not depend on them."""

_FIXED = ("hydra.sweep.", "hydra.sweeper.", "hydra.mode", "hydra.run.", "hydra.output_subdir")
"""Settings of Hydra, by the beginnings of their names, that would move the sweep's folders or change its jobs."""


def resumed_sweep(folder: Path, command: CommandLine) -> CommandLine:
    """The command line that goes on with the sweep in `folder`: its own overrides, and those of `command`.

    Raises InputError for an override that may not be added, for a sweep whose jobs are not known in advance, and for
    one whose config files the command line does not name again.
    """
    hydra = settings_of(folder)["hydra"]
    sweeper = hydra["sweeper"]["_target_"]
    if sweeper not in (BASIC, SWEEPER):
        raise InputError(
            f"resume={folder}: its sweeper ({sweeper}) chose its jobs as it went, so the rest is not "
            "known: go on with single jobs, or start a new sweep"
        )
    _check_files_named(folder, hydra, command)
    added = from_here(without(["resume", *_NAMES_FILES], command.overrides))
    if sweeper == SWEEPER:
        added = [_with_optuna(text) for text in added]
    for text in added:
        _check_may_be_added(text, _OF_SEARCHES if sweeper == SWEEPER else ())
    saved = without(_NAMES_FILES, [*hydra["overrides"]["task"], *hydra["overrides"]["hydra"]])
    check_saved(saved, folder / SWEEP_FILE)
    replaced = {"resume", *map(key_of, added)}
    overrides: list[str] = []
    for text in without(replaced, saved):
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


def _with_optuna(text: str) -> str:
    """An override of the group `sweep` that keeps the search; any other as it is."""
    if key_of(text) != "sweep":
        return text
    override = parsed(text)
    value = None if override is None else override.value()
    names = [str(name) for name in (value if isinstance(value, list) else [value]) if name not in (None, "optuna")]
    return f"sweep=[{','.join(['optuna', *names])}]"


def _check_may_be_added(text: str, of_searches: Collection[str]) -> None:
    """Raise InputError for an override that would change the jobs of a sweep or move its folders.

    `of_searches` are settings that may be added to this sweep because it is a search.
    """
    key = key_of(text)
    may_be_added = key.startswith("hydra.") or key in (*_MAY_BE_ADDED, *of_searches)
    if key.startswith(_FIXED) or not may_be_added:
        raise InputError(
            f"{text}: a sweep goes on with its own settings, as its finished jobs have them; only hydra.*, "
            "hydra/launcher, sweep, data.root and data.changed may be added, and none that moves its folders"
        )
