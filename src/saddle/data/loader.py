"""A loader of images or points in memory whose whole state is the number of batches it has handed out."""

from collections.abc import Iterator

import torch
from torch import Tensor

from saddle.seed import hashed_seed


class MemoryLoader:
    """Batches of `image` (N, C, H, W) float32 in [-1, 1] and, where given, `label` (N,) int64, in a shuffled order.

    `images` are uint8 (M, C, H, W), `labels` int64 (M,) or None. Points are given as float32 (M, 2) and delivered as
    they are, as `image` (N, 2). Each epoch has its own order, a function of (seed,
    epoch) alone, and drops the images that do not fill a batch. `rows` is the size of the global batch, of which this
    rank takes its rows: `parts` accumulated parts in sequence, each split evenly over `world_size` ranks. With `flip`
    each image is mirrored left to right with probability 1/2, as (seed, batch, row of the global batch) decide.
    """

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None,
        rows: int,
        seed: int,
        parts: int = 1,
        rank: int = 0,
        world_size: int = 1,
        flip: bool = False,
    ) -> None:
        self.images, self.labels = images, labels
        self.rows, self.seed, self.parts = rows, seed, parts
        self.rank, self.world_size = rank, world_size
        self.flip = flip
        self.batches = 0
        """Batches handed out so far, over all epochs."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.images) // self.rows

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """The rest of the current epoch."""
        epoch, position = divmod(self.batches, len(self))
        order = self._order(epoch)
        for index in range(position, len(self)):
            number = self.batches
            self.batches += 1
            yield self._batch(number, order[index * self.rows : (index + 1) * self.rows])

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(hashed_seed(self.seed, "order", epoch))
        return torch.randperm(len(self.images), generator=generator)

    def _batch(self, number: int, chosen: Tensor) -> dict[str, Tensor]:
        mine = self._my_rows(chosen)
        images = self.images[mine]
        if self.flip:
            generator = torch.Generator().manual_seed(hashed_seed(self.seed, "flip", number))
            mirrored = self._my_rows(torch.rand(self.rows, generator=generator) < 0.5)
            images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)
        batch = {"image": images if images.is_floating_point() else images.float().div_(127.5).sub_(1.0)}
        if self.labels is not None:
            batch["label"] = self.labels[mine]
        return batch

    def _my_rows(self, rows: Tensor) -> Tensor:
        """This rank's rows of what has one row per image of the global batch."""
        return rows.view(self.parts, self.world_size, -1)[:, self.rank].flatten()

    def state_dict(self) -> dict[str, int]:
        """The number of batches handed out."""
        return {"batches": self.batches}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on after that number of batches."""
        self.batches = state["batches"]
