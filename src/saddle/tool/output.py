"""Files that a tool writes: never over something that is there."""

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.error import InputError
from saddle.file import relative
from saddle.memory import in_gib

if TYPE_CHECKING:
    from torch import Tensor


_KINDS = (
    *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".svg", ".pdf", ".mp4", ".avi", ".mov"),
    *(".npz", ".npy", ".json", ".csv", ".txt", ".pt", ".pth", ".ckpt", ".safetensors", ".pkl", ".zip", ".h5", ".html"),
)
"""Endings of names that promise a kind of file."""

_MUCH = 2**30
"""A number of bytes that takes a while to be written."""


def check_new(out: Path, may_be_empty_folder: bool = False) -> None:
    """Raise InputError if writing to `out` would overwrite something, or if a folder above it is a file."""
    above = next((folder for folder in out.parents if folder.exists()), None)
    if above is None:
        raise InputError(f"--out {out}: the current folder is gone: choose another place")
    if not above.is_dir():
        raise InputError(f"--out {out}: {relative(above)} is no folder: choose another place")
    if out.exists() and not (may_be_empty_folder and out.is_dir() and not any(out.iterdir())):
        raise InputError(f"--out {out} exists: choose another name, so that nothing is overwritten")


def check_kind(out: Path, *endings: str) -> None:
    """Raise InputError if the name of a file ends as another kind of file does than those of these `endings`."""
    ending = out.suffix.lower()
    if ending in _KINDS and ending not in endings:
        raise InputError(f"--out {out}: this would not be a {ending} file: end the name in {' or '.join(endings)}")


def form_of(out: Path, form: str | None, folder_of_files: bool = True) -> str:
    """The format that `--format` names, or else the ending of `out`: npz for .npz, grid for all others.

    `folder_of_files` says whether there is a format png, which writes a folder. Raises InputError if both contradict
    each other.
    """
    form = form or ("npz" if out.suffix.lower() == ".npz" else "grid")
    if form == "png":
        if out.suffix.lower() in _KINDS:
            raise InputError(f"--out {out}: --format png writes a folder of files: name a folder")
        return form
    hint = ", or --format png for a folder of pictures" if folder_of_files else ""
    ending = {"grid": ".png", "npz": ".npz"}[form]
    if out.suffix.lower() in _KINDS and out.suffix.lower() != ending:
        raise InputError(
            f"--out {out}: --format {form} writes no {out.suffix} file: use .png for a picture, .npz for arrays{hint}"
        )
    return form


def check_room(out: Path, size: int) -> None:
    """Raise InputError if the disk of `out` has no room for `size` bytes; say how much it is if that takes long."""
    place = next((parent for parent in out.absolute().parents if parent.exists()), None)
    if place is None:  # a drive of Windows that is not there, which writing names
        return
    free = shutil.disk_usage(place).free
    if size > free:
        raise InputError(
            f"--out {out}: this needs {in_gib(size)}, and {in_gib(free)} are free in {relative(place)}: ask for less, "
            "or choose another place"
        )
    if size > _MUCH:
        print(f"about {in_gib(size)} go to {out}", file=sys.stderr, flush=True)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Make the folder above `out`; an error of the file system inside becomes an InputError that names `out`."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror or error}; choose another place") from error


def write_picture(picture: "Tensor", out: Path) -> None:
    """Write a picture, uint8 (C, H, W), as a PNG file, whatever its name ends in."""
    from saddle.picture.png import write_png

    with writing(out):
        write_png(picture, out)


def write_arrays(
    arrays: "Mapping[str, Tensor]", out: Path, labels: "Tensor | None" = None, class_names: Sequence[str] = ()
) -> None:
    """Write tensors as the arrays of an npz file, whatever its name ends in.

    `labels`, where there are any, become the array of that name, and the names of all classes another one beside it.
    """
    import numpy as np

    content: dict[str, Any] = {}
    for name, values in arrays.items():
        content[name] = values.numpy()
    if labels is not None:
        content |= {"labels": labels.numpy(), "class_names": np.array(class_names, dtype=np.str_)}
    with writing(out), out.open("wb") as file:
        np.savez(file, **content)


def channels_last(images: "Tensor") -> "Tensor":
    """Images (N, C, H, W) as (N, H, W, C), which other programs expect in files."""
    return images.permute(0, 2, 3, 1)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]], out: Path) -> None:
    """Write a table as CSV, with the names of its columns in the first line."""
    with writing(out), out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def write_json(content: Mapping[str, Any], out: Path) -> None:
    """Write plain values as JSON, with null in place of numbers that JSON does not have."""
    from saddle.callback.summary import finite

    with writing(out):
        out.write_text(json.dumps(finite(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
