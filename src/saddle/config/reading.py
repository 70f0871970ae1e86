"""How the pictures of a folder become what a run trains on, in words for the table of `experiment=pictures`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from saddle.file import expanded

_PROBES = 16  # files that are looked into

_FITS = {
    "crop": "the middle of each picture; pad shows the whole, with a border",
    "pad": "the whole of each picture, with a border; crop takes the middle",
    "stretch": "pictures lose their proportions; crop takes the middle",
}

_GRAYS = {0: "black", 255: "white"}


def reading(data: DictConfig, files: Sequence[str]) -> Mapping[str, tuple[Any, str]]:
    """The settings in `data` by which the image `files` of its folder are read, with what each does to them."""
    return {
        "data.fit": (data.fit, _FITS[data.fit]),
        "data.channels": (data.channels, _colors(data, files)),
        "data.classes": (data.classes, _classes(int(data.classes), sub_folders(files))),
        "data.flip": (
            data.flip,
            "pictures and their mirror images" if data.flip else "no mirror images; true adds them",
        ),
    }


def _colors(data: DictConfig, files: Sequence[str]) -> str:
    if data.channels == 4:
        return "colors and transparency"
    colors = "gray" if data.channels == 1 else "colors"
    if not _some_transparent(Path(expanded(data.root)), files):
        return colors
    ground = _GRAYS.get(data.background, f"gray level {data.background}")
    return f"{colors}; transparent pixels become {ground}, and data.channels=4 keeps them"


def _some_transparent(root: Path, files: Sequence[str]) -> bool:
    """Whether one of some files, evenly spread, is transparent somewhere."""
    from saddle.data.image_file import is_transparent  # imports torch

    return any(is_transparent(root / name) for name in files[:: -(-len(files) // _PROBES)])


def _classes(classes: int, folders: int) -> str:
    if classes:
        return "each sub-folder is a class"
    return (
        f"no labels; {folders} sub-folders: data.classes={folders} makes them classes" if folders > 1 else "no labels"
    )


def sub_folders(files: Sequence[str]) -> int:
    """The number of folders that may be classes of the `files`: 0 if files lie beside them."""
    if not all("/" in name for name in files):
        return 0
    return len({name.partition("/")[0] for name in files})
