"""Rows in a file: what of it is in memory is asked of the system, page by page."""

import ctypes
import mmap
import os
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from saddle.data.mapped import mapped

ROW, ROWS = 4 * mmap.PAGESIZE, 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "rows"
    with place.open("wb") as file:
        for number in range(ROWS):
            file.write(bytes([number % 251]) * ROW)
        file.flush()
        os.fsync(file.fileno())
    return place


@pytest.fixture
def cold(path: Path) -> Path:
    """The file, of which nothing is in memory."""
    if not hasattr(os, "posix_fadvise"):
        pytest.skip("there is no way here to empty the system's cache of a file")
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if pages_in_memory(mapped(path, (ROWS, ROW)).rows):
        pytest.skip("this file system keeps its files in memory")
    return path


def pages_in_memory(rows: Tensor) -> int:
    found = (ctypes.c_ubyte * -(-rows.numel() // mmap.PAGESIZE))()
    ask = ctypes.CDLL(None, use_errno=True).mincore
    assert ask(ctypes.c_void_p(rows.data_ptr()), ctypes.c_size_t(rows.numel()), found) == 0
    return sum(page & 1 for page in found)


def test_rows_are_those_of_the_file(path):
    rows, prefetch = mapped(path, (ROWS, 4, mmap.PAGESIZE))
    prefetch(torch.tensor([0, ROWS - 1]))
    assert rows.shape == (ROWS, 4, mmap.PAGESIZE)
    chosen = torch.tensor([0, 7, 300, ROWS - 1])
    assert torch.equal(rows.index_select(0, chosen)[:, 0, 0].long(), chosen % 251)


def test_a_file_that_is_too_short_is_an_error(path):
    with pytest.raises(ValueError, match="must not be greater than actual buffer length"):
        mapped(path, (ROWS + 1, ROW))


def test_a_row_that_is_read_brings_no_others(cold):
    rows, _ = mapped(cold, (ROWS, ROW))
    rows[100].sum()
    assert pages_in_memory(rows) == 4


def come(rows: Tensor, pages: int) -> bool:
    """Whether so many pages come into memory, and no more soon after."""
    deadline = time.monotonic() + 10
    while pages_in_memory(rows) < pages and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    return pages_in_memory(rows) == pages


def test_rows_that_are_announced_come_by_themselves(cold):
    rows, prefetch = mapped(cold, (ROWS, ROW))
    prefetch(torch.tensor([7, 300, 4000]))
    assert come(rows, 12)


def test_a_large_row_comes_whole(cold):
    """Of one piece of advice Linux takes no more than what it would read on."""
    rows, prefetch = mapped(cold, (2, ROWS * ROW // 2))
    prefetch(torch.tensor([1]))
    assert come(rows, ROWS * 4 // 2)


def test_a_row_that_ends_within_a_page_comes_whole(cold):
    rows, prefetch = mapped(cold, (ROWS // 3, 3 * ROW // 2))
    prefetch(torch.tensor([1]))
    assert come(rows, 6)


def test_a_row_within_a_page_brings_that_page(cold):
    rows, prefetch = mapped(cold, (10 * ROWS, ROW // 10))
    prefetch(torch.tensor([10 * ROWS - 1]))
    assert come(rows, 1)
