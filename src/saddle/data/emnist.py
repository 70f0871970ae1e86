"""EMNIST (Cohen et al. 2017, arXiv 1702.05373), by torchvision."""

from collections.abc import Sequence
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Literal, NamedTuple

from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.torchvision_idx import TorchvisionIdx
from saddle.error import InputError


class _Split(NamedTuple):
    images: int
    characters: str
    """The classes, in the order of their numbers; a capital stands for both letters where they are merged."""


_MERGED = digits + ascii_uppercase + "abdefghnqrt"

_SPLITS = {
    "byclass": _Split(697_932, digits + ascii_uppercase + ascii_lowercase),
    "bymerge": _Split(697_932, _MERGED),
    "balanced": _Split(112_800, _MERGED),
    "letters": _Split(124_800, ascii_uppercase),
    "digits": _Split(240_000, digits),
    "mnist": _Split(60_000, digits),
}


class Emnist(TorchvisionIdx):
    """Handwritten letters and digits in MNIST's format.

    `split` is one of the paper's six (section 2): `byclass` tells capital and small letters apart, `bymerge` and
    `balanced` merge those that look alike, `letters` has A to Z without case, `digits` and `mnist` have digits only.
    `classes` must be the split's number of classes, or InputError is raised.

    The files hold each image transposed; here it is turned upright, as in MNIST. In `letters` the files count
    classes from 1; here from 0, as everywhere.
    """

    dataset = "EMNIST"

    def __init__(
        self,
        root: str,
        image_size: Side,
        channels: Size,
        classes: Size,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        split: Literal["byclass", "bymerge", "balanced", "letters", "digits", "mnist"] = "balanced",
    ) -> None:
        super().__init__(root, image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        self.split = split
        self.size, self.known_classes = _SPLITS[split]
        right = len(self.known_classes)
        if classes != right:
            raise InputError(f"data.classes={classes}, but data.split={split} has {right}: use data.classes={right}")
        self.files = tuple(
            f"emnist-{split}-{part}-{kind}-ubyte"
            for part in ("train", "test")
            for kind in ("images-idx3", "labels-idx1")
        )

    def sources(self) -> list[str]:
        return [self.torchvision_class().url]  # one archive holds all splits

    def fetch(self, source: str, names: Sequence[str]) -> None:
        self.torchvision_class()(str(self.root), split=self.split, download=True)

    def load_files(self, images: str, labels: str) -> tuple[Tensor, Tensor]:
        pixels, classes = super().load_files(images, labels)
        return pixels.mT.contiguous(), classes - 1 if self.split == "letters" else classes
