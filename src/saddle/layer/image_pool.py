"""The history of generated images of Shrivastava et al. 2017, section 2.3 (arXiv 1612.07828)."""

import torch
from torch import Tensor, nn

from saddle.bound import Count, ImageSize, height_and_width


class ImagePool(nn.Module):
    """Stores `size` generated images (`channels`, H, W), so that D keeps seeing older ones.

    Each image of a batch comes with a random number in [0, 1). Once the pool is full, D sees an image from the pool
    in place of each image whose number is 1/2 or more, and that image takes the slot in the pool. All other images are
    shown to D as they are. CycleGAN's authors exchange images one by one like this; in the paper exactly half of a
    batch is exchanged.

    The result does not depend on the order of the rows of a batch: of several images that belong in one slot, the one
    with the largest number gets it. So the pool is the same on all ranks, as long as each is given the rows of all.
    """

    images: Tensor
    """The pool, (size, C, H, W)."""
    count: Tensor
    """The number of images in it, a scalar int64."""

    def __init__(self, size: Count, channels: Count, image_size: ImageSize) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, channels, *height_and_width(image_size)))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def drawn(self, fresh: Tensor, numbers: Tensor) -> Tensor:
        """The images (N, C, H, W) that D sees for `fresh` images with `numbers` (N,). The pool does not change."""
        is_replaced = (numbers >= 0.5) & (self.count == len(self.images))
        return torch.where(is_replaced.view(-1, 1, 1, 1), self.images[self._slots(numbers)], fresh)

    @torch.no_grad()
    def put(self, fresh: Tensor, numbers: Tensor) -> None:
        """Store `fresh` images (N, C, H, W). `numbers` (N,) must be the ones that `drawn` was called with."""
        numbers, order = numbers.sort(stable=True)
        fresh = fresh[order].to(self.images)
        count = int(self.count)
        if count < len(self.images):
            added = fresh[: len(self.images) - count]
            self.images[count : count + len(added)] = added
            self.count += len(added)
            return
        slots = self._slots(numbers)
        # Each slot is written once: a GPU writes several rows to one slot in an undefined order.
        is_last_of_slot = torch.cat([slots[1:] != slots[:-1], slots.new_ones(1, dtype=torch.bool)])
        is_stored = is_last_of_slot & (numbers >= 0.5)
        self.images[slots[is_stored]] = fresh[is_stored]

    def _slots(self, numbers: Tensor) -> Tensor:
        """The slots (N,) int64 of `numbers` in [1/2, 1), all equally likely; slot 0 for smaller numbers."""
        size = len(self.images)
        return ((2 * numbers - 1).clamp(min=0) * size).long().clamp(max=size - 1)
