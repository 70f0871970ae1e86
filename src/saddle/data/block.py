"""Several batches at a time, so that the machinery around an iteration is passed through less often."""

from collections.abc import Callable, Iterator

from torch import Tensor

from saddle.data.loader import MemoryLoader


class BlockLoader:
    """The batches of `loader` in lists of at most `size`, none beyond what `next_stop` says.

    `next_stop` is given the number of batches handed out so far and says after which one the caller has to look up.
    """

    def __init__(self, loader: MemoryLoader, size: int, next_stop: Callable[[int], int]) -> None:
        self.loader, self.size, self.next_stop = loader, size, next_stop

    def __len__(self) -> int:
        """Batches in an epoch: never fewer than there are lists."""
        return len(self.loader)

    def __iter__(self) -> Iterator[list[dict[str, Tensor]]]:
        """The rest of the current epoch."""
        block: list[dict[str, Tensor]] = []
        stop = self.next_stop(self.loader.batches)
        for batch in self.loader:
            block.append(batch)
            if len(block) == self.size or self.loader.batches >= stop:
                yield block
                block, stop = [], self.next_stop(self.loader.batches)
        if block:
            yield block
