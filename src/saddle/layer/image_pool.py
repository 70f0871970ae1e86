"""The history of generated images of Shrivastava et al. 2017, section 2.3 (arXiv 1612.07828)."""

import torch
from torch import Tensor, nn

from saddle.bound import Count


class ImagePool(nn.Module):
    """Remembers `size` generated images (`channels`, `image_size`, `image_size`), so that D does not forget them.

    Each image of a batch comes with a number in [0, 1). Once the pool is full, an image whose number is 1/2 or more is
    replaced, for D's eyes, by one from the pool, and takes its place there; all others are shown as they are. This is
    the image-by-image form of CycleGAN's authors; in the paper exactly half of a batch is exchanged.
    What comes of a batch does not depend on the order of its rows: images that meet at one place of the pool leave it
    to the one with the largest number. So the pool is the same on all ranks that are told all rows.
    """

    def __init__(self, size: Count, channels: Count, image_size: Count) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, channels, image_size, image_size))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def drawn(self, fresh: Tensor, numbers: Tensor) -> Tensor:
        """What D is shown of `fresh` images (N, C, H, W) with `numbers` (N,); the pool stays as it is."""
        replaced = (numbers >= 0.5) & (self.count == len(self.images))
        return torch.where(replaced.view(-1, 1, 1, 1), self.images[self._places(numbers)], fresh)

    @torch.no_grad()
    def put(self, fresh: Tensor, numbers: Tensor) -> None:
        """Take in `fresh` images (N, C, H, W), which `drawn` was given with the same `numbers` (N,)."""
        numbers, order = numbers.sort(stable=True)
        fresh, count = fresh[order].to(self.images), int(self.count)
        if count < len(self.images):
            more = fresh[: len(self.images) - count]
            self.images[count : count + len(more)] = more
            self.count += len(more)
            return
        places = self._places(numbers)
        # of rows that meet at a place one is written, since on a GPU the order of writing is open
        last = torch.cat([places[1:] != places[:-1], places.new_ones(1, dtype=torch.bool)])
        kept = last & (numbers >= 0.5)
        self.images[places[kept]] = fresh[kept]

    def _places(self, numbers: Tensor) -> Tensor:
        """The places (N,) int64 in the pool of numbers in [1/2, 1), all equally likely; 0 for smaller ones."""
        size = len(self.images)
        return ((2 * numbers - 1).clamp(min=0) * size).long().clamp(max=size - 1)
