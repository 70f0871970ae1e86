"""A loader of images or points in memory whose whole state is the number of batches it has handed out."""

from collections.abc import Iterator

import torch
from torch import Tensor

from saddle.data.mapped import Prefetch
from saddle.seed import hashed_seed

_SPAN, _SPAN_BYTES = 1024, 1 << 26  # images that are announced at a time, and bytes of them


class MemoryLoader:
    """Batches of `image` (N, C, H, W) float32 in [-1, 1] and, where given, `label` (N,) int64, in a shuffled order.

    `images` are uint8 (M, C, H, W), `labels` int64 (M,) or None. Points are given as float32 (M, 2) and delivered as
    they are, as `image` (N, 2). Each epoch has its own order, a function of (seed,
    epoch) alone, and drops the images that do not fill a batch. `rows` is the size of the global batch, of which this
    rank takes its rows: `parts` accumulated parts in sequence, each split evenly over `world_size` ranks. With `flip`
    each image is mirrored left to right with probability 1/2, as (seed, batch, row of the global batch) decide.

    `sources`, as many images (M, C, H, W) of another kind, are delivered as `source` (N, C, H, W), in an order of their
    own, so that each epoch pairs images and sources at random; where an image is mirrored, the source beside it is.
    `soon` is told the numbers of this rank's images a span of some batches before they are read (of about a thousand
    images on all ranks, 64 MiB at most), and at the start of an epoch those of two spans.
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
        sources: Tensor | None = None,
        soon: Prefetch | None = None,
    ) -> None:
        if sources is not None and len(sources) != len(images):
            raise ValueError(f"{len(sources)} sources for {len(images)} images: expected as many")
        self.images, self.labels, self.sources = images, labels, sources
        self.rows, self.seed, self.parts = rows, seed, parts
        self.rank, self.world_size = rank, world_size
        self.flip, self.soon = flip, soon
        fitting = min(_SPAN, _SPAN_BYTES // max(1, images[:1].nbytes))
        self._span = max(1, fitting // rows)  # batches
        self.batches = 0
        """Batches handed out so far, over all epochs."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.images) // self.rows

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """The rest of the current epoch."""
        epoch, position = divmod(self.batches, len(self))
        order = self._order(epoch)
        source_order = None if self.sources is None else self._order(epoch, "source order")
        for index in range(position, len(self)):
            if self.soon is not None:
                self._announce(order, index, first=index == position)
            number = self.batches
            self.batches += 1
            rows = slice(index * self.rows, (index + 1) * self.rows)
            yield self._batch(number, order[rows], None if source_order is None else source_order[rows])

    def _announce(self, order: Tensor, index: int, first: bool) -> None:
        """Tell `soon` of the span of batches after this one's, where one begins; in the first batch of both."""
        span = self._span
        if index % span == 0 or first:
            begin, end = index if first else index + span, (index // span + 2) * span
            for other in range(begin, min(end, len(self))):
                self.soon(self._my_rows(order[other * self.rows : (other + 1) * self.rows]))

    def _order(self, epoch: int, purpose: str = "order") -> Tensor:
        generator = torch.Generator().manual_seed(hashed_seed(self.seed, purpose, epoch))
        return torch.randperm(len(self.images), generator=generator)

    def _batch(self, number: int, chosen: Tensor, chosen_sources: Tensor | None) -> dict[str, Tensor]:
        mine = self._my_rows(chosen)
        mirrored = None
        if self.flip:
            generator = torch.Generator().manual_seed(hashed_seed(self.seed, "flip", number))
            mirrored = self._my_rows(torch.rand(self.rows, generator=generator) < 0.5)
        batch = {"image": _delivered(self.images.index_select(0, mine), mirrored)}
        if self.labels is not None:
            batch["label"] = self.labels[mine]
        if chosen_sources is not None:
            batch["source"] = _delivered(self.sources.index_select(0, self._my_rows(chosen_sources)), mirrored)
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


def _delivered(images: Tensor, mirrored: Tensor | None) -> Tensor:
    """uint8 images (N, C, H, W) as float32 in [-1, 1], those that are `mirrored` (N,) mirrored; points as they are."""
    if mirrored is not None:
        images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)
    return images if images.is_floating_point() else as_floats(images)


def as_floats(images: Tensor) -> Tensor:
    """uint8 images as float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1.0)
