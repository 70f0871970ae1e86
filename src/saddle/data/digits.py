"""The handwritten digits that ship inside scikit-learn (Alpaydin & Kaynak 1998): nothing to download."""

import torch
from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.module import ImageData


class Digits(ImageData):
    """1,797 grey images of 8x8 pixels with 17 grey levels, ten classes, brought smoothly to `image_size`."""

    size = 1797
    extractor = "mnist"  # it reads 91 % of these digits rightly

    def __init__(
        self,
        image_size: Side,
        channels: Size,
        classes: Size,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate, limit, flip)

    def load(self) -> tuple[Tensor, Tensor]:
        from sklearn.datasets import load_digits

        data = load_digits()
        images = torch.from_numpy(data.images).unsqueeze(1)
        return (images * (255 / 16)).round().to(torch.uint8), torch.from_numpy(data.target).long()
