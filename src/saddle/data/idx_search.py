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

_PUBLISHED = 60_000
"""The number of training images in each of them."""

_FOLDERS = {"FashionMNIST": ("fashionmnist", "fashion")}
"""How a data set's folder is called, in small letters, where it is not just by its name."""

_WORDS_OF_FOLDERS = "(the|dataset|data|raw|gzip|archive|idx|ubyte|files|master|main|downloads?|digits|s|[0-9])*"
"""Words in the names of folders that tell of no other data set."""

_DEEPEST = 5
"""The number of levels of folders that are looked into."""

_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")
"""Endings of files in which others are packed."""


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
    return Found(None, [*unused, *_others(root, dataset)])


def _places(root: Path, dataset: str, unused: list[str]) -> Iterator[Path]:
    """The folders in which people have the files: `root`/DATASET/raw first, then others below `root`, `root` last.

    Only folders are entered whose names do not tell of other things.
    """
    standard = root / dataset / "raw"
    yield standard
    level = [root]
    for _ in range(_DEEPEST):
        entries = [entry for folder in level for entry in _entries(folder, unused)]
        level = [entry for entry in entries if _is_entered(entry, dataset)]
        level.sort(key=lambda folder: (folder.name != dataset, folder.name != "raw"))
        yield from (folder for folder in level if folder != standard)
    yield root


def _is_entered(entry: Path, dataset: str) -> bool:
    """Whether an entry of a folder is one in which the files are looked for."""
    return entry.is_dir() and _may_hold(entry.name, dataset)


def _may_hold(name: str, dataset: str) -> bool:
    """Whether the name of a folder is that of the data set, with or without words such as data, or just such words."""
    letters = _letters(name)
    for own in _FOLDERS.get(dataset, (_letters(dataset),)):
        letters = letters.replace(own, "", 1)
    return re.fullmatch(_WORDS_OF_FOLDERS, letters) is not None


def _others(root: Path, dataset: str) -> list[str]:
    """What in `root` has the data set's name, or is an archive without another name, and is of no use as it is."""
    reasons: list[str] = []
    for entry in _entries(root, []):
        stem = entry.name.partition(".")[0]
        if entry.is_file() and entry.name.lower().endswith(_ARCHIVES) and _may_hold(stem, dataset):
            reasons.append(f"{entry}: unpack it there")
        elif _letters(entry.name).startswith(_letters(dataset)) and not _is_entered(entry, dataset):
            reasons.append(f"{entry}: only files in the idx format are read (data=image_folder reads pictures)")
    return reasons


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
    labels = read_labels(pair.labels)
    first = labels[:10].tolist()
    for other, known in _FIRST_LABELS.items():
        if other != dataset and first == known:
            raise InputError(f"{pair.labels}: these are the labels of {other}")
    if len(labels) == _PUBLISHED and first != _FIRST_LABELS.get(dataset, first):
        raise InputError(f"{pair.labels}: these are not the labels of {dataset}")
