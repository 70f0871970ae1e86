"""The LightningDataModule that all image data share."""

from abc import abstractmethod

from torch import Tensor

from saddle.bound import Count, Index, Side, Size, SizeOrNone
from saddle.data.loader import as_floats
from saddle.data.memory import MemoryData
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.seed import fixed_order


class ImageData(MemoryData):
    """Images in memory, delivered as `saddle.data.memory` says.

    `image_size`, `channels` and `classes` (0: no labels) are what the networks are built for: they are checked against
    the data when it is read. `flip` mirrors each image left to right with probability 1/2. A subclass gives `load`,
    and `prepare_data` where there is something to fetch.
    """

    extractor: str | None = None
    """The classifier that comes with saddle for this data (`saddle.metric.extractor`), if there is one."""

    evaluated: int = 10_000
    """How many samples are compared with this data by default."""

    def __init__(
        self,
        image_size: Side,
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
        """Images and labels that are not trained on, as `load` gives them; None where the data set has none apart."""
        return None

    def held_out(self, num: int) -> dict[str, Tensor]:
        """At most `num` images that are not trained on, as a batch: `image` float32 in [-1, 1] and, where there are
        labels, `label`. Training images where the data set has no others.
        """
        images, labels = self.load_test() or self.load()
        kept = fixed_order(len(images), "held out")[:num]
        batch = {"image": as_floats(resized(images[kept], self.image_size))}
        return batch if labels is None else batch | {"label": labels[kept]}

    def readable(self, images: Tensor) -> Tensor:
        """Images of this data, uint8 (N, C, H, W), as the classifier that comes with saddle for it expects them."""
        return images

    def wanted_bytes(self) -> int:
        kept = self.size if self.limit is None else min(self.limit, self.size)
        return kept * self.channels * self.image_size**2

    def wanted_by(self) -> str:
        return f"data.image_size={self.image_size}"

    def load_checked(self) -> tuple[Tensor, Tensor | None]:
        """Images as `load` gives them, and labels; raises InputError if they are not what the config says."""
        images, labels = self.load()
        if images.shape[1] != self.channels:
            raise InputError(f"data.channels={self.channels}, but the images have {images.shape[1]}")
        self._check_labels(labels)
        return images, labels

    def finished(self, rows: Tensor) -> Tensor:
        """Images, uint8 (M, C, S, S), of the size asked for."""
        return resized(rows, self.image_size)

    def _check_labels(self, labels: Tensor | None) -> None:
        if labels is None:
            if self.classes != 0:
                raise InputError(f"data.classes={self.classes}, but the data has no labels: use 0")
        elif not 0 <= int(labels.min()) <= int(labels.max()) < self.classes:
            odd = int(labels.min()) if int(labels.min()) < 0 else int(labels.max())
            raise InputError(f"data.classes={self.classes}, but the data has a label {odd}")
