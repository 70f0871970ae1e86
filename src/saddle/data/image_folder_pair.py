"""Two folders of your own for image translation: images of one kind, and images of another."""

from typing import Literal

import torch
from torch import Tensor

from saddle.bound import Byte, Count, ImageSize, Index
from saddle.data.identity import Identity, identity_of_files
from saddle.data.image_file import Fit
from saddle.data.image_files import Broken
from saddle.data.image_folder import ImageFolder
from saddle.data.loader import as_floats
from saddle.error import InputError
from saddle.seed import fixed_order


class ImageFolderPair(ImageFolder):
    """The images below `root` as targets, and those below `source` as what is translated, without pairs or labels.

    The two may be of different numbers: an epoch goes once through the targets, each beside a source drawn without
    replacement until all have been drawn. Both are read as `saddle.data.image_folder.ImageFolder` says; `limit` holds
    for each. No images are held out, so training images stand in for them, and no source has a true counterpart.

    Raises InputError as ImageFolder does for either folder, and if one lies inside the other or is the same.
    """

    has_sources = True

    def __init__(
        self,
        source: str,
        root: str,
        image_size: ImageSize,
        channels: Literal[1, 3, 4],
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
        settings = (image_size, channels, 0, batch_size, seed, accumulate, limit, flip, fit, background, broken)
        super().__init__(root, *settings, memory_mib, cache, license)
        self.source_files = self.files_of("data.source", source)
        self._check_apart()
        if limit is not None and limit > len(self.source_files):
            number = len(self.source_files)
            raise InputError(f"data.limit={limit} is more than the {number} source images: use at most {number}")

    def _check_apart(self) -> None:
        """Raise InputError if an image would be on both sides."""
        targets, sources = self.root.resolve(), self.source_files.root.resolve()
        names = f"data.source={self.source_files.root} and data.root={self.root}"
        if targets == sources:
            raise InputError(f"{names} are the same folder: there is nothing to translate; name two folders")
        if targets.is_relative_to(sources) or sources.is_relative_to(targets):
            raise InputError(
                f"{names}: one lies inside the other, so that its images would be on both sides; name two folders "
                "beside each other"
            )

    def prepare_data(self) -> None:
        """Decode the images of both folders, or open their caches; list unreadable files on stderr."""
        super().prepare_data()
        sources, _, _ = self.source_files.decoded(quiet=False)
        self.check_enough(len(sources), f"data.source={self.source_files.root}")
        self.source_files.report()

    def load(self) -> tuple[Tensor, None]:
        images, _ = super().load()
        self.skipped += len(self.source_files.decoded(quiet=True).table.broken)
        return images, None

    def load_sources(self) -> Tensor:
        return self.source_files.decoded(quiet=True).images

    def is_transparent(self) -> bool:
        return super().is_transparent() or self.source_files.is_transparent()

    def wanted_bytes(self) -> int:
        return super().wanted_bytes() + self.source_files.memory_bytes()

    def held_out(self, num: int) -> dict[str, Tensor]:
        """At most `num` training images, `image`, and as many sources, `source`, both (N, C, H, W) in [-1, 1]."""
        images, sources = self.load()[0], self.load_sources()
        number = min(num, len(images), len(sources))
        return {"source": as_floats(_chosen(sources, number)), "image": as_floats(_chosen(images, number))}

    def to_translate(self, num: int) -> Tensor:
        return _chosen(self.load_sources(), num)

    def find_identity(self) -> Identity:
        contents = {"data.root": self.files.contents(), "data.source": self.source_files.contents()}
        return identity_of_files(contents, self.class_names)


def _chosen(images: Tensor, num: int) -> Tensor:
    """At most `num` of the images, the same ones in every run."""
    return torch.index_select(images, 0, fixed_order(len(images), "held out")[:num])
