"""The handwritten digits that ship inside scikit-learn (Alpaydin & Kaynak 1998): nothing to download."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.module import ImageData


class Digits(ImageData):
    """1,797 gray images of 8x8 pixels with 17 gray levels, ten classes, resized smoothly to `image_size`."""

    size = 1797
    license = "CC BY 4.0"
    extractor = "mnist"  # it classifies 91 % of these digits correctly

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
        table = _read()
        images = torch.from_numpy(table[:, :-1]).view(-1, 1, 8, 8)
        return (images * (255 / 16)).round().to(torch.uint8), torch.from_numpy(table[:, -1]).long()


def _read() -> np.ndarray:
    """One row per image, float64: 64 gray levels, then the class.

    The file inside scikit-learn is read directly, because importing scikit-learn takes a second. Its own function
    returns the same, and is used if the file is not where it was expected.
    """
    package = find_spec("sklearn")
    if package is not None and package.origin is not None:
        file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            return np.loadtxt(file, delimiter=",")
    from sklearn.datasets import load_digits

    data = load_digits()
    return np.column_stack([data.data, data.target])
