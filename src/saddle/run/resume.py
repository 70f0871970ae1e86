"""Resuming a run: `resume=RUN` is replaced by the run's own overrides and folder before Hydra starts."""

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from saddle.config.override import check_saved, key_of, quoted, value_of
from saddle.error import InputError
from saddle.file import numbered
from saddle.rank import is_first
from saddle.run.folder import checkpoints_of, is_finished, last_file, overrides_file, products_in, run_of
from saddle.seal import check_sound
from saddle.terminal import quoted_for_shell

_MAY_MOVE = {"data.root", "data.cache", "data.memory_mib"}
"""Settings that may change without changing the run."""


def checkpoint_of(path: Path) -> Path:
    """The checkpoint at `path`, a run folder or a checkpoint file; raises InputError if there is none.

    In a folder it is last.ckpt or, if that is damaged, the latest sound one before it, with a warning on stderr.
    """
    if not path.exists():
        raise InputError(f"{path}: there is no such run folder or checkpoint")
    if path.is_file():
        return path
    earlier = numbered(checkpoints_of(path), ".ckpt")
    last = last_file(path)
    if not last.exists() and not earlier:
        raise InputError(f"{path}: expected a run folder with checkpoints/last.ckpt, found none")
    damage = damage_of(last)
    if damage is None:
        return last
    for iteration in reversed(earlier):
        if damage_of(earlier[iteration]) is None:
            warn_of_damage(damage, earlier[iteration], iteration)
            return earlier[iteration]
    raise damage


def damage_of(path: Path) -> InputError | None:
    """The error of reading a checkpoint; None if it is whole and was written by saddle."""
    try:
        if not check_sound(path):  # it has no digest, so that only its content shows who wrote it
            from saddle.training.checkpoint import read_checkpoint

            read_checkpoint(path)
    except InputError as error:
        return error
    return None


def warn_of_damage(damage: InputError, replacement: Path, iteration: int) -> None:
    """Warn on stderr, once, that an earlier checkpoint is used."""
    reason = str(damage).removesuffix("; use another one")
    _warn_once(f"{reason}: {replacement.name}, of iteration {iteration}, is used instead")


@cache
def _warn_once(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr)


def is_started_rank() -> bool:
    """Whether a launcher started this process, with a command line that is spelled out already."""
    return "LOCAL_RANK" in os.environ


def resume_arguments(arguments: list[str]) -> list[str]:
    """The command line with `resume=RUN` spelled out: the run's saved overrides, then the new ones, in its folder.

    Raises InputError if RUN has no checkpoint or no settings, or if another folder is named.
    """
    settings = {key_of(argument): argument for argument in arguments if "=" in argument}
    resume = value_of(settings["resume"])
    checkpoint = checkpoint_of(Path(resume))
    folder = run_of(checkpoint).resolve()
    other_folder = value_of(settings.get("hydra.run.dir", ""))
    if other_folder and Path(other_folder).resolve() != folder:
        raise InputError(f"hydra.run.dir={other_folder}: a resumed run goes on in its own folder, {folder}")
    file = overrides_file(folder)
    if not file.is_file():
        raise InputError(f"resume={resume}: expected the run's settings in {file}, found none")
    overrides = check_saved(read_overrides(file), file)
    saved = [override for override in overrides if key_of(override) not in settings]
    new = [argument for argument in arguments if key_of(argument) != "resume"]
    place = [f"resume={quoted(checkpoint.resolve())}", f"hydra.run.dir={quoted(folder)}"]
    return [*saved, *new, *place, "hydra.output_subdir=null"]


def read_overrides(file: Path) -> Any:
    """The content of a run's file of overrides, a list of texts unless somebody changed it.

    Raises InputError if it cannot be read.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: the run's settings cannot be read ({reason}); start a new run") from error


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

    Raises InputError, naming the first setting that differs.
    """
    from saddle.training.checkpoint import MARK, read_checkpoint  # imports torch

    content = read_checkpoint(path)
    check_same(content[MARK]["record"], record, path)
    return content


def check_same(saved: dict[str, Any], current: dict[str, Any], path: Path) -> None:
    """Raise InputError, naming the first setting that differs and both values, if two records differ.

    `saved` is the record in the checkpoint `path`, `current` that of the new process.
    """
    before, now = _leaves(saved), _leaves(current)
    names = list({**before, **now})
    for name in sorted(names, key=lambda name: "." in name):  # seed before data.seed, which follows it
        if name not in _MAY_MOVE and before.get(name) != now.get(name):
            raise InputError(
                f"resume: {name} was {before.get(name)} in {path} and is now {now.get(name)}: a resumed run keeps its "
                "settings (trainer, callback, logger, checkpoints and training.images may change): start a new run"
            )


def check_unfinished(mark: dict[str, Any], last: int, folder: Path, path: Path) -> None:
    """Raise InputError unless iterations, or at least the summary, are left of the run in a checkpoint.

    `mark` is saddle's entry in the checkpoint `path` of the run in `folder`, which ends with the iteration `last`; a
    negative number is no limit.
    """
    iteration = mark["clock"]["iteration"]
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


def _leaves(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The settings in nested groups, by their dotted names."""
    leaves: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            leaves |= _leaves(value, f"{prefix}{name}.")
        else:
            leaves[prefix + name] = value
    return leaves
