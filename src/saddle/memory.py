"""How much memory this machine has, so that what cannot fit is refused before it is asked for."""

import os


def machine_bytes() -> int | None:
    """The bytes of memory that this machine has; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def too_much(wanted: int) -> str | None:
    """None if `wanted` bytes fit into this machine's memory, else both in words."""
    there = machine_bytes()
    if there is None or wanted <= there:
        return None
    return f"{wanted / 2**30:,.0f} GiB of memory, and this machine has {there / 2**30:,.0f} GiB"
