"""Files that a tool writes: never over something that is there."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.error import InputError

if TYPE_CHECKING:
    from torch import Tensor


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


def write_json(content: Mapping[str, Any], out: Path) -> None:
    """Write plain values as JSON, with null in place of numbers that JSON does not have."""
    from saddle.callback.summary import finite

    with writing(out):
        out.write_text(json.dumps(finite(content), indent=2, allow_nan=False) + "\n", encoding="utf-8")
