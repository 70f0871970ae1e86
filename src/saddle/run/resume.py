"""Resuming a run: its settings, and what must be as before."""

import inspect
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from saddle.config.command_line import CommandLine
from saddle.config.group_choice import choice_of
from saddle.config.override import key_of, quoted
from saddle.config.place import from_here, places_in, read_moved, with_places
from saddle.config.resumed import PRIMARY, RESUMED, read_settings, store_resumed
from saddle.config.signature import import_target
from saddle.error import InputError
from saddle.rank import is_first, spans
from saddle.run.checkpoint import checkpoint_of
from saddle.run.folder import (
    is_finished,
    last_file,
    overrides_file,
    products_in,
    run_of,
    settings_file,
)
from saddle.run.lock import claim
from saddle.terminal import quoted_for_shell

MAY_CHANGE = {"data.license", "data.memory_mib"}
"""Settings that may change without changing the run, as paths may."""

BEGUN_WITH = ("init", "branch")
"""The entries of a run's record that say what it began with: the weights of another run, or a moment of another run."""


def begin_or_resume(command: CommandLine) -> tuple[CommandLine, str]:
    """The command line of one run with `resume=` replaced by what it means, and the name of the primary config.

    The run's folder is locked before Hydra writes there. Raises InputError if there is nothing to go on with, if a new
    run would mix with an old one, or if another process trains there.
    """
    command = _with_one_folder(command)
    if command.settings.get("resume", "") not in ("", "null"):
        command, primary = resumed(command), RESUMED
    else:
        _check_new(command)
        primary = PRIMARY
    if not command.only_shows:
        claim(list(command.overrides))
    return command, primary


def _check_new(command: CommandLine) -> None:
    """Raise InputError if a new run's folder has no name, or holds a run already."""
    _note_machines(command.settings.get("trainer.num_nodes"))
    folder = command.settings.get("hydra.run.dir")
    if folder and not command.only_shows:
        check_free(Path(folder))


def _with_one_folder(command: CommandLine) -> CommandLine:
    """The command line with `hydra.run.dir=` in place of `folder=`, which means the same.

    Raises InputError if both are there and name different folders.
    """
    settings = command.settings
    folder, other = settings.get("folder"), settings.get("hydra.run.dir")
    if folder is None:
        return command
    if other is not None and Path(other).resolve() != Path(folder).resolve():
        raise InputError(f"folder={folder} and hydra.run.dir={other} both name the run's folder: leave one of them out")
    others = tuple(text for text in command.overrides if key_of(text) != "folder")
    return CommandLine(command.flags, others).with_overrides(f"hydra.run.dir={quoted(folder)}")


def _note_machines(number: Any) -> None:
    """Note how many machines a run spans, from its setting trainer.num_nodes; None: one."""
    if str(number).isdecimal():
        spans(int(number))


def resumed(command: CommandLine) -> CommandLine:
    """The command line that goes on with the run of `resume=RUN`, in the run's own folder.

    The settings in the run's folder are stored as the primary config RESUMED, which Hydra is to compose. Raises
    InputError if RUN has no checkpoint or no settings, or if another folder is named.
    """
    checkpoint = checkpoint_of(Path(command.settings["resume"]))
    folder = run_of(checkpoint).resolve()
    other_folder = command.settings.get("hydra.run.dir", "")
    if other_folder and Path(other_folder).resolve() != folder:
        raise InputError(f"hydra.run.dir={other_folder}: a resumed run goes on in its own folder, {folder}")
    saved = with_places(read_settings(settings_file(folder)), read_moved(folder))
    machines = saved.get("trainer", {}).get("num_nodes") if isinstance(saved.get("trainer"), dict) else None
    _note_machines(command.settings.get("trainer.num_nodes", machines))
    rest = store_resumed(saved, overrides_of_resumed(command.overrides, read_overrides(overrides_file(folder))))
    place = [f"folder={quoted(folder)}", f"hydra.run.dir={quoted(folder)}", "hydra.output_subdir=null"]
    flags = command.without("--config-name", "-cn").flags
    return CommandLine(flags, (*rest, f"resume={quoted(checkpoint.resolve())}", *place))


def overrides_of_resumed(overrides: Sequence[str], begun_with: Sequence[str]) -> list[str]:
    """The overrides to apply to a run's own settings, which already hold those that it was begun with.

    Where a group is chosen anew, the run's settings of that group count again: `trainer=ddp` keeps trainer.max_steps.
    Raises InputError for a choice that a run keeps for good.
    """
    new: list[str] = []
    for text in from_here(overrides):
        if key_of(text) in ("resume", "hydra.run.dir"):
            continue
        if re.match(r"(game|experiment|study|method)=|init=(?!null$)", text) and text not in begun_with:
            raise InputError(f"{text}: a resumed run keeps its {key_of(text)}; leave it out")
        new.append(text)
    chosen = [choice[0] for choice in map(choice_of, new) if choice is not None]
    anew = [group for group in chosen if not any(text in begun_with for text in new if key_of(text) == group)]
    again = [text for text in begun_with if key_of(text).partition(".")[0] in anew and "." in key_of(text)]
    kept = [text for text in new if text not in begun_with or key_of(text).partition(".")[0] in anew]
    return [*again, *kept]


def read_overrides(file: Path) -> list[str]:
    """The overrides with which a run was begun; empty if their file is not there. Raises InputError if it is damaged.

    The file may be a stranger's: its overrides are for comparison, not to be followed.
    """
    if not file.is_file():
        return []
    try:
        overrides = yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: the run's overrides cannot be read ({reason}); start a new run") from error
    if not isinstance(overrides, list) or not all(isinstance(text, str) for text in overrides):
        raise InputError(f"{file}: expected a list of settings, as Hydra wrote it; start a new run")
    return overrides


def check_free(folder: Path) -> None:
    """Raise InputError if `folder` holds a run already, with which a new one would mix."""
    products = products_in(folder)
    if not products:
        return
    alternative = "choose another folder"
    if last_file(folder).exists():
        alternative = f"use resume={quoted_for_shell(folder)} to go on with it"
    raise InputError(f"hydra.run.dir={folder} holds a run already ({products[0]}): {alternative}")


def read_resumed(path: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The content of the checkpoint that a run goes on from, if the run with this `record` is the same one.

    What it began with (`BEGUN_WITH`) is recorded there alone. Raises InputError, naming the first setting that differs.
    """
    from saddle.training.checkpoint import MARK, read_checkpoint  # imports torch

    content = read_checkpoint(path)
    saved = {name: value for name, value in content[MARK]["record"].items() if name not in BEGUN_WITH}
    check_same(saved, record, path)
    return content


def check_same(saved: dict[str, Any], current: dict[str, Any], path: Path) -> None:
    """Raise InputError, naming the first setting that differs and both values, if two records differ.

    `saved` is the record in the checkpoint `path`, `current` that of the new process.
    """
    before, now = leaves(saved), leaves(current)
    may_change = MAY_CHANGE | set(places_in(current)) | _new_at_default(before, now)
    names = list({**before, **now})
    for name in sorted(names, key=lambda name: "." in name):  # seed before data.seed, which follows it
        if name not in may_change and before.get(name) != now.get(name):
            raise InputError(
                f"resume: {name} was {before.get(name)} in {path} and is now {now.get(name)}: a resumed run keeps its "
                "settings (trainer, callback, logger, checkpoints, training.images and training.cpu_seconds may "
                "change): start a new run"
            )


def _new_at_default(before: dict[str, Any], now: dict[str, Any]) -> set[str]:
    """Settings that a newer saddle gave a class or the group `training`, and that are at their default.

    With it a run does what it did before. `before` and `now` are leaves of records, by their dotted names.
    """
    from saddle.config.schema import newer_settings  # imports torch

    new: set[str] = set()
    of_training = {f"training.{name}": value for name, value in newer_settings().items()}
    for name in now.keys() - before.keys():
        if name in of_training and of_training[name] == now[name]:
            new.add(name)
        part, _, setting = name.rpartition(".")
        target = now.get(f"{part}._target_")
        if target is None or before.get(f"{part}._target_") != target:
            continue
        parameter = inspect.signature(import_target(part, target)).parameters.get(setting)
        if parameter is not None and parameter.default == now[name]:
            new.add(name)
    return new


def check_unfinished(mark: dict[str, Any], last: int, budget: float | None, folder: Path, path: Path) -> None:
    """Raise InputError unless iterations, or at least the summary, are left of the run in a checkpoint.

    `mark` is saddle's entry in the checkpoint `path` of the run in `folder`, which ends with the iteration `last`; a
    negative number is no limit; or after `budget` CPU seconds.
    """
    iteration, spent = mark["clock"]["iteration"], mark["clock"].get("cpu_seconds", 0.0)
    if budget is not None and spent >= budget and is_finished(folder):
        raise InputError(
            f"training.cpu_seconds={budget:g} ends this run, and {path} has taken {spent:.2f} already: ask for more to "
            "go on"
        )
    if 0 <= last < iteration or (last == iteration and is_finished(folder)):
        raise InputError(
            f"trainer.max_steps and training.images end this run at iteration {last}, and {path} is at "
            f"iteration {iteration} already: ask for more to go on"
        )


def check_processes(mark: dict[str, Any], now: int, elastic: bool, path: Path) -> None:
    """Raise InputError if the run in a checkpoint was trained by another number of processes than `now`.

    With `elastic` there is a warning on stderr instead. `mark` is saddle's entry in the checkpoint `path`.
    """
    before = mark["processes"]
    if before == now:
        return
    change = f"the number of processes (trainer.devices x trainer.num_nodes) was {before} in {path} and is now {now}"
    if not elastic:
        raise InputError(
            f"resume: {change}: use as many, or checkpoints.elastic=true to go on with the same batches and noise in "
            "sums that round otherwise"
        )
    if is_first():
        print(f"warning: {change}: numbers round otherwise from here on", file=sys.stderr)


def leaves(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings in nested groups, by their dotted names."""
    values: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            values |= leaves(value, f"{prefix}{name}.")
        else:
            values[prefix + name] = value
    return values
