"""Several batches at a time, so that the machinery around an iteration is passed through less often."""

import time
from collections.abc import Callable, Iterator

from torch import Tensor

from saddle.data.loader import MemoryLoader

_LONGEST = 0.5  # seconds, by what the block before took: a signal is answered after a block


class BlockLoader:
    """The batches of `loader` in lists of at most `size`, none beyond what `next_stop` says, the first one alone.

    Where a list takes its receiver longer than half a second, the next ones are shorter.

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
        size, stop = 1, self.next_stop(self.loader.batches)
        for batch in self.loader:
            block.append(batch)
            if len(block) >= size or self.loader.batches >= stop:
                begun = time.perf_counter()
                yield block
                seconds = (time.perf_counter() - begun) / len(block)
                size = max(1, min(self.size, int(_LONGEST / max(seconds, 1e-9))))
                block, stop = [], self.next_stop(self.loader.batches)
        if block:
            yield block

    def state_dict(self) -> dict[str, int]:
        """That of `loader`, between two lists."""
        return self.loader.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on after what `state` says."""
        self.loader.load_state_dict(state)
