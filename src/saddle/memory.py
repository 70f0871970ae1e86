"""The memory of this machine, so that a request that cannot fit is refused early."""

import os


def machine_bytes() -> int | None:
    """The memory of this machine in bytes; None if the system does not say (Windows)."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def too_much(needed: int) -> str | None:
    """None if `needed` bytes fit into this machine's memory, otherwise a phrase that names both amounts."""
    available = machine_bytes()
    if available is None or needed <= available:
        return None
    return f"{needed / 2**30:,.0f} GiB of memory, and this machine has {available / 2**30:,.0f} GiB"
