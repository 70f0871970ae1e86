"""Pictures of three shapes, drawn here: nothing is downloaded."""

import torch
from torch import Tensor

from saddle.bound import Count
from saddle.data.module import ImageData

_SIDE = 16


class Shapes(ImageData):
    """`number` gray images, 16 x 16, of a disk (class 0), a square (1) or a cross (2), with a random place and size."""

    known_classes = ("disk", "square", "cross")

    def __init__(
        self,
        image_size: int,
        channels: int,
        classes: int,
        batch_size: Count,
        seed: int,
        accumulate: Count = 1,
        number: Count = 3000,
    ) -> None:
        super().__init__(image_size, channels, classes, batch_size, seed, accumulate)
        self.number = number
        self.size = number

    def load(self) -> tuple[Tensor, Tensor]:
        """Images, uint8 (number, 1, 16, 16), and labels, int64 (number,)."""
        return _drawn(self.number, seed=0)

    def load_test(self) -> tuple[Tensor, Tensor]:
        """A tenth as many other images and their labels."""
        return _drawn(max(30, self.number // 10), seed=1)


def _drawn(number: int, seed: int) -> tuple[Tensor, Tensor]:
    """Images and labels, the same ones for a `seed`."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(number) % 3
    center = torch.rand(2, number, 1, 1, generator=random) * 6 + 5
    radius = torch.rand(number, 1, 1, generator=random) * 2 + 2.5
    down = (torch.arange(_SIDE).view(1, -1, 1) - center[0]).abs()
    right = (torch.arange(_SIDE).view(1, 1, -1) - center[1]).abs()
    disk = down.square() + right.square() <= radius.square()
    square = torch.maximum(down, right) <= radius
    cross = (torch.minimum(down, right) <= 1) & square
    shapes = torch.stack([disk, square, cross])
    chosen = shapes[labels, torch.arange(number)]
    return (chosen * 255).to(torch.uint8).unsqueeze(1), labels
