"""Which files below a folder are images, by one rule for data sets, tools and messages."""

import mimetypes
import os
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from saddle.data.image_file import EXTENSIONS, FORMATS
from saddle.error import InputError, printable
from saddle.layout import IN_RUNS, MACHINE_FILES, is_run

SHOWN = 10
"""How many names a message lists."""

_LINE = 100  # characters

_ENDS = tuple(f".{extension}" for extension in EXTENSIONS)
_SURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP|.{4}ftypavi[fs]", re.DOTALL)
"""The first bytes of images, by which they are known without an ending."""

_UNSURE = re.compile(rb"BM|P[1-6]\s")
"""Those of images and, by chance, of texts."""

_NO_TEXT = re.compile(rb"[\0-\x08\x0e-\x1f]")
_HEAD = 16  # bytes

_OF_SYSTEMS = {"__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found"}
"""Folders, in small letters, that systems and network drives make: previews, and what was removed."""

_OF_SYSTEMS |= {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}

_ARCHIVES = {"application/zip", "application/x-tar"}

_KINDS = mimetypes.MimeTypes()
"""The kinds of files by their endings, as Python knows them, whatever the system adds."""


@dataclass
class Search:
    """What lies below a folder."""

    names: list[str] = field(default_factory=list)
    """The paths of the images, relative to the folder and with `/` between folders, sorted."""
    others: Counter[str] = field(default_factory=Counter)
    """How many files may hold pictures, but none that Pillow is allowed to open, by the endings of their names."""
    products: dict[str, int] = field(default_factory=dict)
    """How many pictures lie in each folder of a run's own products, none of which is among `names`."""

    def remarks(self, root: Path) -> list[str]:
        """A line about each kind of files that are left out."""
        lines: list[str] = []
        if self.products:
            number = counted(sum(self.products.values()), "picture", "that saddle made")
            lines.append(f"{number} in {root} left out: in {some([f'{name}/' for name in self.products])}")
        if self.others:
            kinds = [f"{number} {kind}" for kind, number in self.others.most_common()]
            number = counted(self.others.total(), "file", "of kinds that cannot be opened")
            lines.append(f"{number} in {root} left out: {some(kinds)}")
        return lines


def search(root: Path) -> Search:
    """The images below `root` at any depth; hidden files and folders, and what systems and saddle made, are left out.

    A file is an image if its name ends as those of images do or, with another ending or none, if it begins as an image.
    Links are followed, but each folder is visited once. Raises OSError for a folder that cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = Search()
    visited: set[tuple[int, int | str]] = set()
    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=refuse):
        status = Path(folder).stat()
        identity = (status.st_dev, status.st_ino or os.path.realpath(folder))  # some file systems have no inodes
        if identity in visited:
            subfolders.clear()
            continue
        visited.add(identity)
        if is_run(Path(folder), {*subfolders, *files}):
            _leave_out_products(root, Path(folder), subfolders, files, found)
        subfolders[:] = sorted(name for name in subfolders if not _is_hidden(name))
        prefix = "" if Path(folder) == root else f"{_relative(folder, root)}/"
        for name in files:
            if not _is_hidden(name) and not name.endswith(MACHINE_FILES):
                _sort_in(folder, prefix, name, found)
    found.names.sort()
    return found


def _is_hidden(name: str) -> bool:
    """Whether people do not see a file or folder as theirs."""
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def image_names(root: Path) -> list[str]:
    """The names of `search`; raises InputError if `root` is not a folder, cannot be read, or has no images."""
    return search_data(root, "data.root").names


def search_data(root: Path, setting: str) -> Search:
    """The result of `search` in the folder that a `setting` names; raises InputError as `image_names`."""
    try:
        if not root.is_dir():
            if root.exists():
                raise InputError(f"{setting}={root}: this is a file; name a folder, of an archive the unpacked one")
            raise InputError(f"{setting}={root}: there is no such folder; name the folder with your images")
        found = search(root)
    except OSError as error:
        raise InputError(f"{setting}={root}: {error.filename}: {error.strerror}; make the folder readable") from error
    _leave_out_all_of_a_run(root, found)
    if not found.names:
        left_out = "".join(f" ({remark})" for remark in found.remarks(root))
        looked_for = f"files that end in {', '.join(EXTENSIONS)}, or begin as these do, are looked for"
        raise InputError(f"{setting}={root}: no images there{left_out}; {looked_for}")
    return found


def _leave_out_all_of_a_run(root: Path, found: Search) -> None:
    """Leave out everything if `root` itself lies among what saddle made in a run, or is that."""
    below = root.resolve()
    for parent in below.parents:
        if below.name in IN_RUNS and is_run(parent, _names_in(parent)):
            found.products["."] = len(found.names)
            found.names.clear()
            return
        below = parent


def _names_in(folder: Path) -> set[str]:
    """The names in a folder; none of one that may not be listed, in which no run of this user lies."""
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()


def _leave_out_products(root: Path, run: Path, subfolders: list[str], files: list[str], found: Search) -> None:
    """Take what saddle made in the folder `run` out of the lists, and count its pictures."""
    for name in sorted(IN_RUNS.intersection(subfolders)):
        number = 0
        for _, _, products in os.walk(run / name):
            number += sum(product.lower().endswith(_ENDS) for product in products)
        if number:
            found.products[_relative(run / name, root)] = number
    subfolders[:] = [name for name in subfolders if name not in IN_RUNS]
    files[:] = [name for name in files if name not in IN_RUNS]


def _sort_in(folder: str, prefix: str, name: str, found: Search) -> None:
    """Put a file of the folder among the images, under its name after `prefix`, or among the others."""
    if name.lower().endswith(_ENDS):
        found.names.append(prefix + name)
        return
    path = Path(folder, name)
    head = _head(path)
    if _SURE.match(head) or (_UNSURE.match(head) and _opens(path)):
        found.names.append(prefix + name)
    elif _may_be_picture(name, head):
        found.others[path.suffix.lower() or "without ending"] += 1


def _head(path: Path) -> bytes:
    """The first bytes of a file; none of what is no file or cannot be read."""
    try:
        if not path.is_file():  # a pipe would hang
            return b""
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _may_be_picture(name: str, head: bytes) -> bool:
    """Whether a person may take a file for pictures: by its ending, or because it is no text of an unknown ending."""
    kind, _ = _KINDS.guess_type(name)
    if kind is None:
        return _NO_TEXT.search(head) is not None
    return kind.startswith("image/") or kind in _ARCHIVES


def _opens(path: Path) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path, formats=FORMATS):
                return True
        except Exception:  # on other files Pillow raises whatever its parsers stumble over
            return False


def _relative(path: str | Path, root: Path) -> str:
    """A path below `root`, with the same separator on every system, so that the order is the same, too."""
    return os.path.relpath(path, root).replace(os.sep, "/")


def counted(number: int, noun: str, kind: str) -> str:
    """So many things of a kind, for a message."""
    return f"{number} {noun if number == 1 else f'{noun}s'} {kind}"


def some(names: Sequence[str], number: int = SHOWN) -> str:
    """The first `number` names, and how many others there are, for a message."""
    text = ", ".join(map(printable, names[:number]))
    if len(names) > number:
        text += f" and {len(names) - number} more"
    return text


def some_in_a_line(names: Sequence[str]) -> str:
    """As many of the first names as fit into a line, at least one, and how many others there are."""
    for number in range(SHOWN, 1, -1):
        text = some(names, number)
        if len(text) <= _LINE:
            return text
    return some(names, 1)
