"""Locks on folders of runs and sweeps, so that two processes never write into the same one."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from saddle.config.override import value_of
from saddle.error import InputError
from saddle.rank import is_first
from saddle.run.folder import UNTRAINED

_claimed: list[Path] = []
"""Folders that this process made."""

_held: dict[Path, int] = {}
"""The file descriptors of locked folders."""


def unique_folder(name: str) -> str:
    """Make and return the folder `name`, or NAME-2, NAME-3, ... if it exists; raises InputError if all do."""
    for number in range(1, 10_000):
        path = Path(name if number == 1 else f"{name}-{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        _claimed.append(path)
        return str(path)
    raise InputError(f"hydra.run.dir={name} is taken")


def hold(folder: Path) -> bool:
    """Lock a folder until `let_go` or the end of this process; returns False if another process holds it.

    On Windows, where a folder cannot be locked, it does nothing and returns True. Raises OSError if the folder cannot
    be opened.
    """
    folder = folder.resolve()
    if folder in _held:
        return True
    try:
        import fcntl  # not on Windows
    except ImportError:
        return True
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    except OSError:
        pass  # this file system has no locks
    _held[folder] = descriptor
    return True


def let_go(folder: Path) -> None:
    """Unlock a folder, if this process holds it."""
    descriptor = _held.pop(folder.resolve(), None)
    if descriptor is not None:
        os.close(descriptor)


def claim(arguments: list[str]) -> None:
    """Lock the run's folder in a command line before Hydra writes there; the folder is made if necessary.

    Raises InputError if another process trains there. A folder that only Hydra can resolve (${...}) is locked when the
    run begins.
    """
    folder = ""
    for text in arguments:
        if text.startswith("-"):
            return  # a flag of Hydra's, as --multirun or --cfg
        if text.startswith("hydra.run.dir="):
            folder = value_of(text)
    if folder and "${" not in folder and is_first():
        occupy(Path(folder))


def occupy(folder: Path) -> None:
    """Make the folder of a run if necessary, and lock it until this process ends.

    `remove_claimed` removes a folder that was made here. Raises InputError if another process trains there, OSError if
    the folder cannot be made.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if not hold(folder):
        raise InputError(f"{folder}: another process trains there; wait for it or end it first")
    if is_new:
        _claimed.append(folder)


def remove_claimed() -> None:
    """Remove the folders that this process made, if nothing was trained in them."""
    for folder in _claimed:
        with suppress(FileNotFoundError):
            if _is_untouched(folder):
                shutil.rmtree(folder)
    _claimed.clear()


def _is_untouched(folder: Path) -> bool:
    """Whether a folder holds nothing but settings and empty folders."""
    for entry in folder.iterdir():
        is_setting = entry.name in UNTRAINED
        if not is_setting and not (entry.is_dir() and _is_untouched(entry)):
            return False
    return True
