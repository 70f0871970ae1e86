"""Folders: of the config, of a new run or sweep."""

import fcntl
import os
import shutil
from pathlib import Path

from saddle.config.override import value_of
from saddle.error import InputError
from saddle.rank import is_first

PRODUCTS = ("tensorboard", "samples", "checkpoints", "metrics.csv", "summary.json")
"""What training leaves in a run's folder."""

_claimed: list[Path] = []
_held: dict[Path, int] = {}
_SETTINGS = {".hydra", "multirun.yaml", "error.txt"}  # what a run or sweep holds that never trained


def config_folder() -> str:
    """The folder of the config: conf/ beside src/ in a checkout, inside the package when installed."""
    package = Path(__file__).resolve().parents[1]
    inside, checkout = package / "conf", package.parents[1] / "conf"
    return str(inside if inside.is_dir() else checkout)


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
    """Lock a folder for this process, until it lets go or ends in whatever way; False if another process holds it."""
    folder = folder.resolve()
    if folder in _held:
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


def claim(arguments: list[str]) -> None:
    """Lock the folder that a command line names for its run, made if need be, before Hydra writes there.

    Raises InputError if another process trains there. What only Hydra can read (a folder named by ${...}) is locked
    when the run begins.
    """
    text = next((text for text in reversed(arguments) if text.startswith("hydra.run.dir=")), "")
    named = value_of(text).replace("\\'", "'").replace("\\\\", "\\")
    if not named or "${" in named or not is_first() or any(text.startswith("-") for text in arguments):
        return
    occupy(Path(named))


def occupy(folder: Path) -> None:
    """Make the folder of a run if need be and lock it, until this process ends; one made goes if the run is refused.

    Raises InputError if another process trains there, OSError if it cannot be made.
    """
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if not hold(folder):
        raise InputError(f"{folder}: another process trains there; wait for it or end it first")
    if new:
        _claimed.append(folder)


def let_go(folder: Path) -> None:
    """Unlock a folder that this process holds."""
    os.close(_held.pop(folder.resolve()))


def clear(folder: Path) -> None:
    """Remove what training left in a run's folder; its settings stay."""
    for name in PRODUCTS:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def remove_claimed() -> None:
    """Remove the folders that this process made, if nothing was trained in them."""
    for folder in _claimed:
        if _untouched(folder):
            shutil.rmtree(folder)
    _claimed.clear()


def _untouched(folder: Path) -> bool:
    for entry in folder.iterdir():
        if entry.name not in _SETTINGS and not (entry.is_dir() and _untouched(entry)):
            return False
    return True
