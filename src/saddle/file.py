"""Files that are written completely or not at all, files named by iteration, and short paths for messages."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE = 5.0 if os.name == "nt" else 0.0
"""Seconds for which a file that another program has open is waited for: Windows neither moves nor removes it."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to `path` to write to. It replaces `path` in one step unless an exception is raised."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        _patiently(lambda: temporary.replace(path))
    finally:
        temporary.unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file. On Windows a program that has it open is waited for, for some seconds."""
    _patiently(path.unlink)


def _patiently(act: Callable[[], object]) -> None:
    """Call `act` again until it is allowed, for at most `_PATIENCE` seconds."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            act()
            return
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.05)


def remove_rests(folder: Path) -> None:
    """Remove the temporary files of `replacing` that a killed process left in `folder`.

    No other process may be writing to the folder.
    """
    for path in folder.glob(".*"):
        if re.fullmatch(r"\..+\.\d+", path.name) and path.is_file():
            with suppress(OSError):  # the folder may have become read-only
                path.unlink()


def numbered(folder: Path, suffix: str) -> dict[int, Path]:
    """The files in `folder` that are named by an iteration (00001000.ckpt), as iteration to path, ascending."""
    paths = {int(path.stem): path for path in folder.glob(f"*{suffix}") if path.stem.isdecimal()}
    return dict(sorted(paths.items()))


def cut_numbered(folder: Path, suffix: str, iteration: int) -> None:
    """Remove the files in `folder` that are named by an iteration later than `iteration`."""
    for number, path in numbered(folder, suffix).items():
        if number > iteration:
            remove(path)


def relative(path: Path) -> Path:
    """`path` relative to the current folder if it lies inside it, otherwise absolute."""
    path = path.resolve()
    current = Path.cwd()
    return path.relative_to(current) if path.is_relative_to(current) else path
