"""Your own images: all image files below one folder."""

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from saddle.alpha import CHANNELS
from saddle.bound import Byte, Count, ImageSize, Index, SizeOrNone
from saddle.data.identity import Identity, identity_of_files
from saddle.data.image_cache import Table
from saddle.data.image_file import BrokenImageError, Fit, Form, is_own_picture, quiet_pillow, read_picture
from saddle.data.image_files import Broken, ImageFiles
from saddle.data.image_search import some
from saddle.data.module import ImageData
from saddle.error import InputError, printable

_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev"}
"""Names, in small letters, of folders that hold parts of a data set, and not its classes."""


class ImageFolder(ImageData):
    """The image files below `root` at any depth, except hidden ones and what saddle made, in one form.

    A file is an image by its ending (`saddle.data.image_file.EXTENSIONS`) or by its first bytes. With `classes` 0 the
    images have no labels. Otherwise the classes are the sub-folders directly below `root` with an image that can be
    read, and `classes` must be their number. Numbers in their names count as numbers: 1, 2, 10. For `fit` and
    `background` see `saddle.data.image_file.Form`. With 4 channels images are measured on the `background`.

    `broken` says what happens to unreadable images: "skip" leaves them out and lists them on stderr, "refuse" raises
    InputError. If the decoded images take more than `memory_mib` MiB, they stay in a file in the folder `cache`. Images
    of many or large files, or of many pixels, are kept there, too, so that later runs need not decode them again.
    `license` is text for the model card (`saddle.export.card`) and changes nothing else.

    Raises InputError if `root` is not a folder or has no images, or if its sub-folders do not match `classes`. New
    networks (`check_alpha`) need a transparent image for 4 channels; those of another run may go on with opaque ones.
    """

    def __init__(
        self,
        root: str,
        image_size: ImageSize,
        channels: Literal[1, 3, 4],
        classes: SizeOrNone,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        fit: Fit = "crop",
        background: Byte = 255,
        broken: Broken = "skip",
        memory_mib: Index = 2048,
        cache: str = "outputs/cache",
        license: str | None = None,
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        self.form = Form(image_size, channels, fit, background)
        self.license = license
        self.background, self.broken, self.memory_mib, self.cache = background, broken, memory_mib, cache
        self.files = self.files_of("data.root", root)
        self.root, self.names = self.files.root, self.files.names
        self.origin = f"data.root={self.root}"
        self.size = len(self.names)
        self._classes = self._find_classes() if classes else []

    def files_of(self, setting: str, root: str) -> ImageFiles:
        """The image files in the folder `root`, which a `setting` names."""
        return ImageFiles(setting, root, self.form, self.limit, self.broken, self.memory_mib, self.cache)

    @property
    def class_names(self) -> list[str]:
        return list(self._classes)

    def keep_classes(self, names: Sequence[str] | None) -> None:
        before = sorted(self._classes) if names is None else list(names)  # older versions sorted them as text
        if sorted(before) == sorted(self._classes):
            self._classes = before

    def prepare_data(self) -> None:
        """Decode the images, with a progress bar, or open the cache; list unreadable files on stderr."""
        images, table, _ = self.files.decoded(quiet=False)
        self.check_size(len(images))
        self.files.report()
        self._check_classes(table)

    def check_alpha(self) -> None:
        if self.channels == CHANNELS and not self.is_transparent():
            raise InputError(
                f"data.channels={self.channels} reads alpha, and none of the images is transparent anywhere: use "
                f"data.channels={self.readable_channels}"
            )

    def is_transparent(self) -> bool:
        """Whether an image is transparent somewhere; for images with alpha."""
        return self.files.is_transparent()

    def wanted_bytes(self) -> int:
        return self.files.memory_bytes()

    def wanted_by(self) -> str:
        return f"data.memory_mib={self.memory_mib}"

    def load(self) -> tuple[Tensor, Tensor | None]:
        images, table, self.prefetch = self.files.decoded(quiet=True)  # the first rank has named the broken files
        self.skipped = len(table.broken)
        if not self.classes:
            return images, None
        self._check_classes(table)
        label = {name: index for index, name in enumerate(self._classes)}
        return images, torch.tensor([label[_class(name)] for name in self.files.kept()])

    def find_identity(self) -> Identity:
        return identity_of_files({"data.root": self.files.contents()}, self.class_names)

    def _find_classes(self) -> list[str]:
        """The names of the classes in their order; raises InputError if they are not as many as expected."""
        loose = [name for name in self.names if "/" not in name]
        outside = [name for name in loose if not is_own_picture(self.root / name)]
        if outside:
            raise InputError(
                f"data.classes={self.classes}, but {some(outside)} in {self.root} lie outside of its sub-folders, "
                "which are the classes: move them, or use data.classes=0"
            )
        members: dict[str, list[str]] = defaultdict(list)
        for name in self.names:
            if "/" in name:
                members[_class(name)].append(name)
        folders = sorted(members, key=natural)
        if len(folders) > 1 and all(folder.lower() in _SPLITS for folder in folders):
            raise InputError(
                f"data.root={self.root}: its sub-folders {some(folders)} are parts of a data set, and the classes are "
                f"below them: name one of them, as data.root={self.root / folders[-1]}"
            )
        if len(folders) != self.classes:
            folders = [folder for folder in folders if self._has_sound_image(members[folder])]
        if len(folders) != self.classes:
            raise InputError(
                f"data.classes={self.classes}, but {self.root} has {len(folders)} sub-folders with images "
                f"({some(folders)}): use data.classes={len(folders)}, or 0 for no labels"
            )
        return folders

    def _has_sound_image(self, names: Sequence[str]) -> bool:
        """Whether one of these files can be read, and shows nothing that saddle made."""
        with quiet_pillow():
            for name in names:
                try:
                    if not read_picture(self.root / name, self.form).is_own:
                        return True
                except BrokenImageError:
                    continue
        return False

    def _check_classes(self, table: Table) -> None:
        """Raise InputError, naming the class, if none of the images of one can be read."""
        if not self.classes:
            return
        reasons = dict(table.broken) | dict.fromkeys(table.own, "saddle made it")
        sound = {_class(name) for name in self.names if name not in reasons}
        empty = [folder for folder in self._classes if folder not in sound]
        if empty:
            name, reason = next((name, reason) for name, reason in reasons.items() if _class(name) == empty[0])
            raise InputError(
                f"data.classes={self.classes}, but no image of the class {printable(empty[0])} in {self.root} can be "
                f"read ({printable(name)}: {reason}): repair it, or use data.classes={self.classes - len(empty)}"
            )


def natural(name: str) -> tuple[list[int | str], str]:
    """The key by which names with numbers are sorted: 1, 2, 10, and not 1, 10, 2."""
    parts: list[int | str] = list(re.split(r"([0-9]+)", name))
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, name  # which tells 1 from 01


def _class(name: str) -> str:
    """The folder directly below the root in which an image lies."""
    return name.partition("/")[0]
