"""Folders of runs and sweeps that this process made or locked: two processes never write into one."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from saddle.config.override import value_of
from saddle.error import InputError
from saddle.rank import is_first
from saddle.run.folder import UNTRAINED

_claimed: list[Path] = []
_held: dict[Path, int] = {}


def unique_folder(wanted: str) -> str:
    """Make and return the folder `wanted`, or `wanted`-2, -3, ... if it is taken: two runs never share one."""
    for number in range(1, 10_000):
        path = Path(wanted if number == 1 else f"{wanted}-{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        _claimed.append(path)
        return str(path)
    raise InputError(f"hydra.run.dir={wanted} is taken")


def hold(folder: Path) -> bool:
    """Lock a folder for this process, until it lets go or ends in whatever way; False if another process holds it.

    On Windows, where a folder cannot be locked, nothing is.
    """
    folder = folder.resolve()
    if folder in _held:
        return True
    try:
        import fcntl
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
    """Unlock a folder that this process holds."""
    descriptor = _held.pop(folder.resolve(), None)
    if descriptor is not None:
        os.close(descriptor)


def claim(arguments: list[str]) -> None:
    """Lock the folder that a command line names for its run, made if need be, before Hydra writes there.

    Raises InputError if another process trains there. What only Hydra can read (a folder named by ${...}) is locked
    when the run begins.
    """
    text = next((text for text in reversed(arguments) if text.startswith("hydra.run.dir=")), "")
    named = value_of(text).replace("\\'", "'").replace("\\\\", "\\")
    has_flags = any(text.startswith("-") for text in arguments)
    if named and "${" not in named and is_first() and not has_flags:
        occupy(Path(named))


def occupy(folder: Path) -> None:
    """Make the folder of a run if need be and lock it, until this process ends; one made goes if the run is refused.

    Raises InputError if another process trains there, OSError if it cannot be made.
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
    for entry in folder.iterdir():
        is_setting = entry.name in UNTRAINED
        if not is_setting and not (entry.is_dir() and _is_untouched(entry)):
            return False
    return True
