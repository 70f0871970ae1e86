"""A person's own images: all the image files below one folder."""

import json
import os
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import PIL
import torch
from torch import Tensor
from tqdm import tqdm

from saddle import __version__
from saddle.bound import Byte, Count, Index, Side, SizeOrNone
from saddle.data.image_cache import Decoded, Table, open_cache, write_cache
from saddle.data.image_file import EXTENSIONS, BrokenImageError, Fit, Form, read_image
from saddle.data.module import ImageData
from saddle.error import InputError, printable
from saddle.seed import fixed_order

_ENDS = tuple(f".{extension}" for extension in EXTENSIONS)
_SHOWN = 10


class ImageFolder(ImageData):
    """The image files (EXTENSIONS) below `root`, at any depth, hidden ones left out, brought to the wanted form.

    `classes` is 0 for images without labels; otherwise the immediate sub-folders with images are the classes, in
    sorted order, and `classes` must be their number. `fit` and `background`: see `saddle.data.image_file.Form`.

    `broken` says what happens to files that hold no sound image: `skip` leaves them out and names them on stderr,
    `refuse` raises InputError. Images that would take more than `memory_mib` MiB are decoded into a file in the folder
    `cache`, which later runs on the same files use again.

    Raises InputError if `root` is no folder or has no images, or if its sub-folders do not fit `classes`.
    """

    def __init__(
        self,
        root: str,
        image_size: Side,
        channels: Literal[1, 3],
        classes: SizeOrNone,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        fit: Fit = "crop",
        background: Byte = 255,
        broken: Literal["skip", "refuse"] = "skip",
        memory_mib: Index = 2048,
        cache: str = "outputs/cache",
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        self.root = Path(root).expanduser()
        self.form = Form(image_size, channels, fit, background)
        self.broken, self.memory_mib, self.cache = broken, memory_mib, Path(cache).expanduser()
        self.names = image_names(self.root)
        self.class_names = self._class_names() if classes else []
        self.size = len(self.names)
        self._decoded: Decoded | None = None

    def prepare_data(self) -> None:
        """Decode the images, with a bar if it takes a while, or find them in the cache; name what is left out."""
        if self._decoded is None:
            self._decoded = self._decode(quiet=False)
            self.check_size(len(self._decoded.images))
            self._report(self._decoded.table)

    def wanted_bytes(self) -> int:
        return min(super().wanted_bytes(), self.memory_mib * 2**20)  # what is more goes into a file

    def wanted_by(self) -> str:
        return f"data.memory_mib={self.memory_mib}"

    def load(self) -> tuple[Tensor, Tensor | None]:
        if self._decoded is None:  # on all ranks but the first, which has named the broken files
            self._decoded = self._decode(quiet=True)
        images, table, self.prefetch = self._decoded
        self.skipped = len(table.broken)
        if not self.classes:
            return images, None
        label = {name: index for index, name in enumerate(self.class_names)}
        return images, torch.tensor([label[_class(self.names[index])] for index in table.kept])

    def _class_names(self) -> list[str]:
        outside = [name for name in self.names if os.sep not in name]
        if outside:
            raise InputError(
                f"data.classes={self.classes}, but {_some(outside)} in {self.root} lie outside of its sub-folders, "
                "which are the classes: move them, or use data.classes=0"
            )
        found = sorted({_class(name) for name in self.names})
        if len(found) != self.classes:
            raise InputError(
                f"data.classes={self.classes}, but {self.root} has {len(found)} sub-folders with images "
                f"({_some(found)}): use data.classes={len(found)}, or 0 for no labels"
            )
        return found

    def _decode(self, quiet: bool) -> Decoded:
        shape = (self.form.channels, self.image_size, self.image_size)
        wanted = self.size if self.limit is None else min(self.limit, self.size)
        if wanted * shape[0] * shape[1] * shape[2] > self.memory_mib * 2**20:
            return self._decode_to_file(shape, quiet)
        images = torch.empty((wanted, *shape), dtype=torch.uint8)
        rows = iter(images)
        table = self._decode_each(lambda image: next(rows).copy_(image), quiet)
        return Decoded(images[: len(table.kept)], table)

    def _decode_to_file(self, shape: tuple[int, int, int], quiet: bool) -> Decoded:
        path = self.cache / f"{self._fingerprint()}.images"
        decoded = open_cache(path, shape)
        if decoded is None:
            try:
                write_cache(path, lambda keep: self._decode_each(keep, quiet))
            except OSError as error:
                raise InputError(
                    f"data.cache={self.cache}: {error.strerror}; choose another folder for the decoded images, or "
                    f"raise data.memory_mib={self.memory_mib}"
                ) from error
            decoded = open_cache(path, shape)
            if decoded is None:
                raise InputError(f"data.cache={self.cache}: {path.name} was written and cannot be read back")
        self._judge(decoded.table)
        return decoded

    def _decode_each(self, keep: Callable[[Tensor], object], quiet: bool) -> Table:
        """Hand over each sound image, up to `limit` of them in the fixed order that makes limits nested."""
        order = range(self.size) if self.limit is None else fixed_order(self.size, "limit").tolist()
        table = Table([], [])
        for index in tqdm(order, "reading images", unit="image", delay=2, leave=False, disable=quiet):
            try:
                keep(read_image(self.root / self.names[index], self.form))
                table.kept.append(index)
            except BrokenImageError as error:
                table.broken.append((self.names[index], str(error)))
            if len(table.kept) == self.limit:
                break
        self._judge(table)
        return table

    def _judge(self, table: Table) -> None:
        if not table.broken or (table.kept and self.broken == "skip"):
            return
        name, reason = table.broken[0]
        first = f"the first is {printable(name)} ({reason})"
        if not table.kept:
            raise InputError(f"data.root={self.root}: none of its {self.size} image files can be read; {first}")
        raise InputError(
            f"data.broken=refuse: {len(table.broken)} of the {self.size} image files in {self.root} cannot be read; "
            f"{first}: mend or remove them, or use data.broken=skip"
        )

    def _report(self, table: Table) -> None:
        if table.broken:
            lines = [f"{len(table.broken)} of the {self.size} image files in {self.root} are left out:"]
            lines += [f"  {printable(name)}: {reason}" for name, reason in table.broken[:_SHOWN]]
            lines += [f"  and {len(table.broken) - _SHOWN} more"] if len(table.broken) > _SHOWN else []
            print("\n".join(lines), file=sys.stderr)

    def _fingerprint(self) -> str:
        """A name for the decoded images: it changes with any file's name, size or time, and with the settings."""
        key = [__version__, PIL.__version__, vars(self.form), self.limit]
        for name in self.names:
            try:
                status = (self.root / name).stat()
                key.append([name, status.st_size, status.st_mtime_ns])
            except OSError:
                key.append([name])
        return blake2b(json.dumps(key).encode(), digest_size=16).hexdigest()


def image_names(root: Path) -> list[str]:
    """The names of all image files below `root`, relative to it, sorted; hidden files and folders are left out.

    Links are followed, each folder once. Raises InputError if `root` is no folder, cannot be read, or has no images.
    """
    if not root.is_dir():
        raise InputError(f"data.root={root}: there is no such folder; name the folder with your images")

    def refuse(error: OSError) -> None:
        raise InputError(f"data.root={root}: {error.filename}: {error.strerror}") from error

    names, seen = [], set()
    for folder, inner, files in os.walk(root, followlinks=True, onerror=refuse):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            inner.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        names += [
            os.path.relpath(Path(folder) / name, root)
            for name in files
            if not name.startswith(".") and name.lower().endswith(_ENDS)
        ]
    if not names:
        raise InputError(f"data.root={root}: no images there; files that end in {', '.join(EXTENSIONS)} are looked for")
    return sorted(names)


def _class(name: str) -> str:
    return name.partition(os.sep)[0]


def _some(names: list[str]) -> str:
    return ", ".join(map(printable, names[:_SHOWN])) + (
        f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    )
