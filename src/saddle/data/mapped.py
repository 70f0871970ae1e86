"""Rows that stay in a file until they are used, for data beyond memory."""

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
"""Told the numbers of rows, int64 (N,), that are read soon: they are fetched meanwhile, all at once."""

_PIECE = 1 << 17  # bytes; Linux fetches no more at one piece of advice than it would read on by itself


class Mapped(NamedTuple):
    """Rows uint8 (M, ...), to be read only; and whom to tell which of them are next."""

    rows: Tensor
    soon: Prefetch


def mapped(path: Path, shape: tuple[int, ...]) -> Mapped:
    """The first bytes of the file `path` as rows of `shape` (M, ...).

    Few rows of many are read, in a shuffled order, so the system is told not to read on beyond each (by megabytes,
    where that is how it is set up), and where the next ones are. Raises OSError or ValueError where the file is too
    short or unreadable.
    """
    with path.open("rb") as file:
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given buffer is not writable")  # the loader copies what it takes
        rows = torch.frombuffer(memory, dtype=torch.uint8, count=math.prod(shape)).view(shape)
    if not hasattr(memory, "madvise"):  # Windows has no such advice
        return Mapped(rows, lambda numbers: None)
    size = math.prod(shape[1:])

    def advise(*advice: int) -> None:
        with suppress(OSError):  # where it is not taken, nothing is lost but time
            memory.madvise(*advice)

    def soon(numbers: Tensor) -> None:
        for number in numbers.tolist():
            begin, end = number * size // mmap.PAGESIZE * mmap.PAGESIZE, (number + 1) * size
            for piece in range(begin, end, _PIECE):
                advise(mmap.MADV_WILLNEED, piece, min(_PIECE, end - piece))

    advise(mmap.MADV_RANDOM)

    return Mapped(rows, soon)
