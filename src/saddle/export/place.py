"""The folder of an export: complete or not there, and never over something else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from saddle.error import ArgumentError
from saddle.file import relative

_OF_FILES = (".onnx", ".pt2", ".safetensors", ".html", ".zip", ".json")
"""Endings of names that promise a file."""


def check_place(out: Path) -> None:
    """Raise ArgumentError unless `out` is new or an empty folder, and is named as a folder."""
    if out.suffix.lower() in _OF_FILES:
        raise ArgumentError("out", out, f"an export is a folder of files: name it {out.stem}, for example")
    above = next((folder for folder in out.absolute().parents if folder.exists()), None)
    if above is not None and not above.is_dir():
        raise ArgumentError("out", out, f"{relative(above)} is no folder: choose another place")
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        raise ArgumentError("out", out, "it exists: choose another name, so that nothing is overwritten")


@contextmanager
def complete_folder(out: Path) -> Iterator[Path]:
    """A temporary folder to write to. It becomes `out` in one step unless an exception is raised.

    Raises ArgumentError unless `out` is new or an empty folder, or if it cannot be written.
    """
    check_place(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(mkdtemp(prefix=f".{out.name[:50]}.", dir=out.parent))
    except OSError as error:
        raise ArgumentError("out", out, f"{error.strerror or error}; choose another place") from error
    try:
        yield temporary
        temporary.chmod(0o755)
        if out.is_dir():
            out.rmdir()  # it is empty, and Windows replaces no folder
        temporary.replace(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
