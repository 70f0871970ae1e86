"""Finds the checkpoint of a run: the last one, or a sound one before it."""

import sys
from functools import cache
from pathlib import Path

from saddle.error import InputError
from saddle.file import numbered
from saddle.run.folder import checkpoints_of, last_file
from saddle.seal import check_sound


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
