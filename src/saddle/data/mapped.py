"""Rows that stay in a file until they are used, for data that does not fit into memory."""

import math
import mmap
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

Prefetch = Callable[[Tensor], None]
"""Receives the numbers, int64 (N,), of rows that are read next, and has them fetched in the background."""

_PIECE = 1 << 17  # bytes; Linux fetches no more per call of madvise than its read-ahead


class Mapped(NamedTuple):
    """Rows, uint8 (M, ...), read-only, and their prefetch callback."""

    rows: Tensor
    prefetch: Prefetch


def mapped(path: Path, shape: tuple[int, ...]) -> Mapped:
    """The first bytes of the file `path` as rows of `shape` (M, ...).

    Rows are read in a shuffled order, so read-ahead beyond a row (megabytes on some systems) is turned off, and the
    prefetch callback says which rows come next. Raises OSError or ValueError if the file is too short or unreadable.
    """
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given buffer is not writable")  # the loader copies the rows of a batch
        rows = torch.frombuffer(memory, dtype=torch.uint8, count=math.prod(shape)).view(shape)
    if not hasattr(memory, "madvise"):  # Windows has no such advice
        return Mapped(rows, lambda numbers: None)
    size = math.prod(shape[1:])

    def advise(*advice: int) -> None:
        with suppress(OSError):  # without the advice reading is only slower
            memory.madvise(*advice)

    def prefetch(numbers: Tensor) -> None:
        for number in numbers.tolist():
            begin = number * size // mmap.PAGESIZE * mmap.PAGESIZE
            end = (number + 1) * size
            for piece in range(begin, end, _PIECE):
                advise(mmap.MADV_WILLNEED, piece, min(_PIECE, end - piece))

    advise(mmap.MADV_RANDOM)
    return Mapped(rows, prefetch)
