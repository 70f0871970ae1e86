"""Files that a tool writes: never over something that is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saddle.error import InputError


def check_new(out: Path, may_be_empty_folder: bool = False) -> None:
    """Raise InputError if writing to `out` would overwrite something."""
    if out.exists() and not (may_be_empty_folder and out.is_dir() and not any(out.iterdir())):
        raise InputError(f"--out {out} exists: choose another name, so that nothing is overwritten")


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Make the folder above `out`; an error of the file system inside becomes an InputError that names `out`."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror or error}; choose another place") from error
