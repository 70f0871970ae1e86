"""Image data sets: what they have in common."""

import math
from abc import abstractmethod

import torch
from torch import Tensor

from saddle.alpha import CHANNELS, composited, has_alpha
from saddle.bound import Count, ImageSize, Index, Size, SizeOrNone, height_and_width
from saddle.data.loader import as_floats
from saddle.data.memory import MemoryData
from saddle.data.resize import in_parts, resized
from saddle.error import InputError
from saddle.seed import fixed_order


class ImageData(MemoryData):
    """Images in memory, delivered as `saddle.data.memory` says.

    The networks are built for `image_size`, `channels` and `classes` (0: no labels); the data is checked against them
    when it is read. `flip` mirrors each image left to right with probability 1/2. A subclass implements `load`, and
    `prepare_data` if files must be fetched.
    """

    image_size: ImageSize

    background: int = 255
    """The gray level on which transparent images are measured."""

    extractor: str | None = None
    """Name of the extractor that saddle ships for this data (`saddle.metric.extractor`), if there is one."""

    license: str | None = None
    """The license of the images, for model cards; None if it is not known."""

    evaluated: int = 10_000
    """Default number of samples that are compared with this data."""

    def __init__(
        self,
        image_size: ImageSize,
        channels: Size,
        classes: SizeOrNone,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
    ) -> None:
        super().__init__(batch_size, seed, accumulate, limit)
        self.image_size, self.channels, self.classes = image_size, channels, classes
        self.flip = flip

    @abstractmethod
    def load(self) -> tuple[Tensor, Tensor | None]:
        """Training images, uint8 (M, C, H, W) of any size, and labels, int64 (M,), or None without labels."""

    def load_test(self) -> tuple[Tensor, Tensor | None] | None:
        """Test images and labels, in the form of `load`; None if the data set has no test part."""
        return None

    def held_out(self, num: int) -> dict[str, Tensor]:
        """A batch of at most `num` test images: `image`, float32 (N, C, H, W) in [-1, 1], and, if the data has labels,
        `label`, int64 (N,). Training images stand in if the data set has no test part.
        """
        images, labels = self.load_test() or self.load()
        chosen = fixed_order(len(images), "held out")[:num]
        batch = {"image": as_floats(resized(images[chosen], self.image_size))}
        return batch if labels is None else batch | {"label": labels[chosen]}

    def readable(self, images: Tensor) -> Tensor:
        """uint8 images (N, C, H, W) of this data in the form that an extractor expects.

        Those with alpha are laid over gray of the level `background`: (N, 3, H, W).
        """
        if not has_alpha(images):
            return images
        return in_parts(lambda part: composited(part, self.background), images)

    @property
    def readable_channels(self) -> int:
        """Number of channels of the images that `readable` returns."""
        return CHANNELS - 1 if self.channels == CHANNELS else self.channels

    def mode_shares(self) -> Tensor | None:
        """The share of each mode, float64 (K,), by default of each class; None without labels."""
        return self.label_shares() if self.classes else None

    @property
    def image_bytes(self) -> int:
        """Bytes of an image in memory."""
        return self.channels * math.prod(height_and_width(self.image_size))

    def wanted_bytes(self) -> int:
        kept = self.size if self.limit is None else min(self.limit, self.size)
        return kept * self.image_bytes

    def wanted_by(self) -> str:
        return f"data.image_size={self.image_size}"

    def load_checked(self) -> tuple[Tensor, Tensor | None]:
        """The images and labels of `load`; raises InputError if they do not match the config."""
        images, labels = self.load()
        self._check_form(images, labels)
        if images.shape[1] != self.channels:
            raise InputError(f"data.channels={self.channels}, but the images have {images.shape[1]}")
        self._check_labels(labels)
        return images, labels

    def finished(self, rows: Tensor) -> Tensor:
        """Images, uint8 (M, C, H, W), resized to `image_size`."""
        return resized(rows, self.image_size)

    def _check_form(self, images: Tensor, labels: Tensor | None) -> None:
        """Raise InputError unless `load` has kept to its contract, which a class from outside may miss."""
        name = type(self).__name__
        if images.dtype != torch.uint8 or images.dim() != 4:
            form = f"{images.dtype} of the shape {tuple(images.shape)}"
            raise InputError(f"data: {name}.load gave images as {form}: return uint8 (M, C, H, W)")
        if labels is not None and (labels.dtype != torch.int64 or labels.shape != images.shape[:1]):
            form = f"{labels.dtype} of the shape {tuple(labels.shape)}"
            raise InputError(f"data: {name}.load gave labels as {form}: return int64 ({len(images)},), or None")

    def _check_labels(self, labels: Tensor | None) -> None:
        if labels is None:
            if self.classes != 0:
                raise InputError(f"data.classes={self.classes}, but the data has no labels: use 0")
        elif not 0 <= int(labels.min()) <= int(labels.max()) < self.classes:
            odd = int(labels.min()) if int(labels.min()) < 0 else int(labels.max())
            raise InputError(f"data.classes={self.classes}, but the data has a label {odd}")
