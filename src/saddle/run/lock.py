"""Locks on folders of runs and sweeps, so that two processes never write into the same one."""

import atexit
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from saddle.config.override import value_of
from saddle.error import InputError
from saddle.layout import LOCK, UNTRAINED
from saddle.rank import is_first

_ANYBODY = 0o666
"""The permissions of a lock file: it is empty, and whoever may write into the folder may take over its lock."""

_claimed: list[Path] = []
"""Folders that this process made."""

_made_parents: list[Path] = []
"""Folders above those, which this process made."""

_held: dict[Path, FileLock] = {}
"""The locks of locked folders."""

_makes_folders = True
"""Whether a run may begin in this process."""


def make_no_folders() -> None:
    """Note that this process only shows settings, so that no folder is made for a run."""
    global _makes_folders
    _makes_folders = False


def unique_folder(name: str) -> str:
    """Make and return the folder `name`, or NAME-2, NAME-3, ... if it exists; raises InputError if all do.

    After `make_no_folders` the name alone is returned.
    """
    for number in range(1, 10_000):
        path = Path(name if number == 1 else f"{name}-{number}")
        if not _makes_folders:
            if path.exists():
                continue
            return str(path)
        _make_parents(path)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        _claimed.append(path)
        return str(path)
    raise InputError(f"hydra.run.dir={name} is taken")


def _make_parents(folder: Path) -> None:
    """Make the folders above `folder` and remember those that were not there, the innermost first."""
    absent = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    _made_parents.extend(absent)


def hold(folder: Path) -> bool:
    """Lock a folder until `let_go` or the end of this process; returns False if another process holds it.

    The lock is one of the operating system on the file `.lock` in the folder. It ends with its process, however that
    ends. A folder that cannot be written, or whose file system has no locks, is not locked.
    """
    folder = folder.resolve()
    if folder in _held:
        return True
    lock = FileLock(folder / LOCK, mode=_ANYBODY, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    except OSError:  # whatever is written there next reports it
        pass
    _held[folder] = lock
    return True


def let_go(folder: Path) -> None:
    """Unlock a folder, if this process holds it."""
    folder = folder.resolve()
    lock = _held.pop(folder, None)
    if lock is None or not lock.is_locked:  # a forked process has no locks of its own
        return
    with suppress(OSError):  # Windows keeps a file that is open; there `release` removes it
        (folder / LOCK).unlink()
    lock.release()


@atexit.register
def let_go_of_all() -> None:
    """Unlock all folders that this process holds."""
    for folder in list(_held):
        let_go(folder)


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
    _make_parents(folder)
    folder.mkdir(exist_ok=True)
    if not hold(folder):
        raise InputError(f"{folder}: another process trains there; wait for it or end it first")
    if is_new:
        _claimed.append(folder)


def expect(folder: Path) -> None:
    """Note that another part of this process will make a folder, which is not there yet, for `remove_claimed`."""
    if not folder.exists():
        _claimed.append(folder)
        _made_parents.extend(parent for parent in folder.parents if not parent.exists())


def remove_claimed() -> None:
    """Remove the folders that this process made, if nothing was trained in them; unlock all folders."""
    for folder in _claimed:
        with suppress(OSError):  # it is gone, or another process has begun there
            if _is_untouched(folder):
                _remove(folder)
    _claimed.clear()
    for parent in _made_parents:
        with suppress(OSError):  # it is not empty
            parent.rmdir()
    _made_parents.clear()
    let_go_of_all()


def _remove(folder: Path) -> None:
    """Remove a folder that this process may hold; its lock goes last."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
    let_go(folder)
    (folder / LOCK).unlink(missing_ok=True)  # of a killed process
    folder.rmdir()


def _is_untouched(folder: Path) -> bool:
    """Whether a folder holds nothing but settings, locks and empty folders."""
    for entry in folder.iterdir():
        is_untrained = entry.name in UNTRAINED
        if not is_untrained and not (entry.is_dir() and _is_untouched(entry)):
            return False
    return True
