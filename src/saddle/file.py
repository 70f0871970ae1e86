"""Files that are written completely or not at all, files named by iteration, and short paths for messages."""

import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE = 5.0 if os.name == "nt" else 0.0
"""Seconds for which a file that another program has open is waited for: Windows neither moves nor removes it."""


_LONGEST = 50
"""The number of letters of a file's name in that of its temporary file, which would be too long with all of them."""

_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_NO_ACCESS = {errno.EACCES, errno.EPERM}
_GONE = {errno.ENOENT, errno.ENOTDIR}
_MANY_OPEN = {errno.EMFILE, errno.ENFILE}
_FAILING = {errno.EIO, getattr(errno, "ESTALE", errno.EIO), errno.ENODEV, errno.ENXIO}
_GIVE_ACCESS = "give this user access to it"
if os.name == "nt":
    _GIVE_ACCESS += ", or close the program that has it open"


def remedy_of(error: OSError) -> str:
    """What to do about an error of the file system."""
    if error.errno in _NO_ROOM:
        return "make room"
    if error.errno == errno.EFBIG:
        return "allow larger files (ulimit -f unlimited), or choose a disk that does"
    if error.errno == errno.EROFS:
        return "make it writable"
    if error.errno in _NO_ACCESS:
        return _GIVE_ACCESS
    if error.errno in _GONE:
        return "see whether it, or a folder above it, was moved or removed, or is no folder"
    if error.errno in _MANY_OPEN:
        return "allow more open files (ulimit -n 4096)"
    if error.errno in _FAILING:
        return "see whether the disk or the network share works"
    if error.errno == errno.ENAMETOOLONG:
        return "choose a shorter name"
    if error.errno in (errno.EEXIST, errno.EISDIR, errno.ENOTEMPTY):
        return "something else is there: remove it, or choose another name"
    return "mend that, and give the same command again"


def file_of(error: OSError) -> Path | None:
    """The file that an error of the file system names, as a short path; None if it names none."""
    if not isinstance(error.filename, str | bytes):  # some errors name no file, or only a descriptor
        return None
    path = Path(os.fsdecode(error.filename))
    temporary = re.fullmatch(r"\.(.+)\.\d+", path.name)  # of `replacing`
    if temporary is not None:
        path = path.with_name(temporary[1])
    try:
        return relative(path)
    except OSError:  # the current folder is gone, too
        return path


def failure_of(error: OSError) -> str:
    """One sentence about an error of the file system: the file, what is wrong, and what to do."""
    file = file_of(error)
    reason = error.strerror or str(error) or type(error).__name__
    return f"{reason}: {remedy_of(error)}" if file is None else f"{file}: {reason}: {remedy_of(error)}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path next to `path` to write to. It replaces `path` in one step unless an exception is raised."""
    temporary = path.with_name(f".{path.name[:_LONGEST]}.{os.getpid()}")
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


def expanded(text: str) -> str:
    """A path as text, with a leading `~` or `~NAME` as the home folder of this or that user, if there is one."""
    return os.path.expanduser(text)  # noqa: PTH111  pathlib would raise an exception for an unknown user


def relative(path: Path) -> Path:
    """`path` relative to the current folder if it lies inside it, otherwise absolute."""
    path = path.resolve()
    current = Path.cwd()
    return path.relative_to(current) if path.is_relative_to(current) else path
