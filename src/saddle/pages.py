"""The policy for large memory pages, set before torch is imported."""

import os


def use_huge_pages() -> None:
    """Let torch ask Linux for pages of 2 MiB for tensors of that size, unless the user has set THP_MEM_ALLOC_ENABLE.

    Otherwise the kernel hands out each such tensor in pages of 4 KiB, one fault for each: 35 CPU seconds of
    `saddle evaluate` become 27 (docs/speed.md).
    """
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
