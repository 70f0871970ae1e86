"""Finds the idx files of MNIST and its like under the names, in the folders and packings in which people have them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from saddle.data.idx import PACKED, check_idx_pair, read_labels
from saddle.error import InputError

_SAME_NAMES = ("MNIST", "FashionMNIST", "KMNIST")
_FIRST_LABELS = {
    "MNIST": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
    "FashionMNIST": [9, 0, 0, 3, 0, 2, 7, 2, 5, 5],
}
"""The first training labels of data sets whose files bear the same names."""


class Pair(NamedTuple):
    """The images and the labels of a split."""

    images: Path
    labels: Path


class Found(NamedTuple):
    """A sound pair of files, if there is one, and why other files that look like it are not used."""

    pair: Pair | None
    unused: list[str]


def find_pair(root: Path, dataset: str, images: str, labels: str) -> Found:
    """The files `images` and `labels` of a data set, or files with nearly these names, in or below `root`.

    A pair in `root`/DATASET/raw with exactly these names is taken as it is: raises InputError if it is not sound. Any
    other is used if both files lie in one place, their magic numbers, lengths and numbers agree and, in a folder that
    does not name the data set, if they are not known to be another one's.
    """
    standard = Pair(root / dataset / "raw" / images, root / dataset / "raw" / labels)
    if all(path.is_file() for path in standard):
        check_idx_pair(*standard)
        return Found(standard, [])
    unused: list[str] = []
    for place in _places(root, dataset, unused):
        candidates = [_candidates(place, name, unused) for name in (images, labels)]
        for pair in [Pair(first, second) for first in candidates[0] for second in candidates[1]]:
            try:
                check_idx_pair(*pair)
                _check_not_another(pair, dataset)
                return Found(pair, unused)
            except InputError as error:
                unused.append(str(error))
        if not candidates[0] or not candidates[1]:
            missing = labels if candidates[0] else images
            unused += [f"{path}: there is no {missing} beside it" for path in (*candidates[0], *candidates[1])]
    return Found(None, list(dict.fromkeys(unused)))


def _places(root: Path, dataset: str, unused: list[str]) -> Iterator[Path]:
    """The folders in which people have the files, the standard one first."""
    own = [folder for folder in _entries(root, unused) if _letters(folder.name) == _letters(dataset)]
    own.sort(key=lambda folder: folder.name != dataset)
    for folder in (*own, root):
        for place in (folder / "raw", folder, folder / "gzip", folder / "raw" / "gzip"):
            if place.is_dir():
                yield place


def _candidates(place: Path, name: str, unused: list[str]) -> list[Path]:
    """Files with nearly this name in a folder, or one folder deeper, where some archives put them.

    The exact name comes first, then others that are not packed.
    """
    wanted = _letters(name.partition("-idx")[0])
    files: list[Path] = []
    for entry in _entries(place, unused):
        if not _letters(entry.name).startswith(wanted):
            continue
        files += _entries(entry, unused) if entry.is_dir() else [entry]
    files = [file for file in files if _letters(file.name).startswith(wanted) and file.is_file()]
    return sorted(files, key=lambda file: (file.name != name, file.suffix == PACKED, str(file)))


def _entries(folder: Path, unused: list[str]) -> list[Path]:
    """What lies in a folder; nothing if there is none, or if it cannot be read."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        unused.append(f"{folder}: {error.strerror}")
        return []


def _letters(name: str) -> str:
    """A name without what people and archives change in it: case, dots, lines; `test` is called t10k in MNIST."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"^test(?=images|labels)", "t10k", plain)


def _check_not_another(pair: Pair, dataset: str) -> None:
    """Raise InputError for the training files of another data set, in a folder that names none."""
    folders = {_letters(folder.name) for folder in pair.labels.parents}
    if _letters(dataset) in folders or dataset not in _SAME_NAMES:
        return
    first = read_labels(pair.labels, 10).tolist()
    for other, labels in _FIRST_LABELS.items():
        if other != dataset and first == labels:
            raise InputError(f"{pair.labels}: these are the labels of {other}")
