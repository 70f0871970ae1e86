"""A loader of images or points in memory; its whole state is the number of batches delivered."""

from collections.abc import Iterator

import torch
from torch import Tensor

from saddle.alpha import has_alpha, premultiplied
from saddle.data.mapped import Prefetch
from saddle.seed import hashed_seed

_SPAN, _SPAN_BYTES = 1024, 1 << 26  # images prefetched at a time, and their bytes


class MemoryLoader:
    """Shuffled batches of `image` (N, C, H, W), float32 in [-1, 1], and, if there are labels, `label` (N,), int64.

    `images` are uint8 (M, C, H, W), `labels` int64 (M,) or None. Points, float32 (M, 2), are delivered unchanged as
    `image` (N, 2). The order of each epoch is a function of (seed, epoch) alone; images that do not fill a batch are
    dropped. `rows` is the size of the global batch. It consists of `parts` accumulated parts in sequence, each split
    evenly over `world_size` ranks; this loader delivers the rows of `rank`. With `flip` each image is mirrored left to
    right with probability 1/2, as a function of (seed, batch, row of the global batch).

    `sources` (K, C, H, W) are the images of a source domain. They are delivered as `source` (N, C, H, W), in an order
    of their own, so each epoch pairs images and sources at random; an image and its source are mirrored together. Where
    there are fewer sources than images, they are shuffled and delivered again.
    `prefetch` receives the row numbers of this rank one span of batches ahead, and two spans at the start of an epoch.
    A span holds about a thousand images over all ranks, 64 MiB at most.
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
        prefetch: Prefetch | None = None,
    ) -> None:
        if sources is not None and len(sources) == 0:
            raise ValueError("expected at least one source")
        self.images, self.labels, self.sources = images, labels, sources
        self.rows, self.seed, self.parts = rows, seed, parts
        self.rank, self.world_size = rank, world_size
        self.flip, self.prefetch = flip, prefetch
        fitting = min(_SPAN, _SPAN_BYTES // max(1, images[:1].nbytes))
        self._span = max(1, fitting // rows)  # batches
        self.batches = 0
        """Number of batches delivered so far, over all epochs."""

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.images) // self.rows

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        """The rest of the current epoch."""
        epoch, position = divmod(self.batches, len(self))
        order = self._order(epoch)
        source_order = None if self.sources is None else self._source_order(epoch, len(self.sources))
        for index in range(position, len(self)):
            if self.prefetch is not None:
                self._prefetch_span(self.prefetch, order, index, first=index == position)
            number = self.batches
            self.batches += 1
            rows = slice(index * self.rows, (index + 1) * self.rows)
            yield self._batch(number, order[rows], None if source_order is None else source_order[rows])

    def _prefetch_span(self, prefetch: Prefetch, order: Tensor, index: int, first: bool) -> None:
        """At the start of a span, prefetch the next one; in the `first` batch, prefetch the current one, too."""
        span = self._span
        if index % span != 0 and not first:
            return
        begin = index if first else index + span
        end = (index // span + 2) * span
        for later in range(begin, min(end, len(self))):
            prefetch(self._my_rows(order[later * self.rows : (later + 1) * self.rows]))

    def _order(self, epoch: int) -> Tensor:
        generator = torch.Generator().manual_seed(hashed_seed(self.seed, "order", epoch))
        return torch.randperm(len(self.images), generator=generator)

    def _source_order(self, epoch: int, size: int) -> Tensor:
        """One of `size` sources for each image of the epoch: all in turn, again and again, each time shuffled anew."""
        generator = torch.Generator().manual_seed(hashed_seed(self.seed, "source order", epoch))
        rounds = -(-len(self.images) // size)
        return torch.cat([torch.randperm(size, generator=generator) for _ in range(rounds)])

    def _batch(self, number: int, chosen: Tensor, chosen_sources: Tensor | None) -> dict[str, Tensor]:
        mine = self._my_rows(chosen)
        mirrored = None
        if self.flip:
            generator = torch.Generator().manual_seed(hashed_seed(self.seed, "flip", number))
            mirrored = self._my_rows(torch.rand(self.rows, generator=generator) < 0.5)
        batch = {"image": _delivered(self.images.index_select(0, mine), mirrored)}
        if self.labels is not None:
            batch["label"] = self.labels[mine]
        if self.sources is not None and chosen_sources is not None:
            batch["source"] = _delivered(self.sources.index_select(0, self._my_rows(chosen_sources)), mirrored)
        return batch

    def _my_rows(self, rows: Tensor) -> Tensor:
        """The rows of this rank, from `rows` of the global batch."""
        return rows.view(self.parts, self.world_size, -1)[:, self.rank].flatten()

    def state_dict(self) -> dict[str, int]:
        """The number of batches delivered."""
        return {"batches": self.batches}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue after that number of batches."""
        self.batches = state["batches"]


def _delivered(images: Tensor, mirrored: Tensor | None) -> Tensor:
    """Images (N, C, H, W), uint8, as float32 in [-1, 1], mirrored where `mirrored` (N,) is true; points unchanged."""
    if mirrored is not None:
        images = torch.where(mirrored.view(-1, 1, 1, 1), images.flip(-1), images)
    return images if images.is_floating_point() else as_floats(images)


def as_floats(images: Tensor) -> Tensor:
    """uint8 images as float32 in [-1, 1], with colors multiplied by alpha where there is one (`saddle.alpha`)."""
    levels = images.float()
    if has_alpha(images):
        levels = premultiplied(levels)
    return levels.div_(127.5).sub_(1.0)
