"""Files: written whole or not at all, and named as a person in the current folder would name them."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` to write to; when all went well, what is there takes the place of `path` in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_rests(folder: Path) -> None:
    """Remove what a killed process left of `replacing` in a folder that no other process writes to."""
    for path in folder.glob(".*"):
        if re.fullmatch(r"\..+\.\d+", path.name) and path.is_file():
            with suppress(OSError):  # in a folder that is read-only by now
                path.unlink()


def numbered(folder: Path, suffix: str) -> dict[int, Path]:
    """The files in `folder` whose names are an iteration (00001000.ckpt), by iteration, ascending."""
    found = {int(path.stem): path for path in folder.glob(f"*{suffix}") if path.stem.isdecimal()}
    return dict(sorted(found.items()))


def cut_numbered(folder: Path, suffix: str, iteration: int) -> None:
    """Remove the files in `folder` whose names are a later iteration."""
    for number, path in numbered(folder, suffix).items():
        if number > iteration:
            path.unlink()


def relative(path: Path) -> Path:
    """`path` from the current folder where it lies below it."""
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
