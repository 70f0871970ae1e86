"""The memory of this machine, so that a request that cannot fit is refused early."""

import ctypes
import os
import re
from pathlib import Path


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of Windows: bytes, and the share in use in percent."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 6),  # what is free, page files, addresses
    )


def machine_bytes() -> int | None:
    """The memory of this machine in bytes; None if the system does not say."""
    if os.name == "nt":
        return _windows_bytes()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _windows_bytes() -> int | None:
    """The memory as Windows says it."""
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    library = getattr(ctypes, "windll")  # noqa: B009  elsewhere it is missing, also for mypy
    return int(status.total) if library.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def too_much(needed: int) -> str | None:
    """None if `needed` bytes fit into this machine's memory, otherwise a phrase that names both amounts."""
    available = machine_bytes()
    if available is None or needed <= available:
        return None
    return f"{needed / 2**30:,.0f} GiB of memory, and this machine has {available / 2**30:,.0f} GiB"


_CONTAINER = Path("/sys/fs/cgroup")
"""Where Linux says how much memory this container, or this job of a scheduler, may take."""

_LIMITS = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
"""The files there, of the newer and the older kind: the limit, and what is taken of it."""


def free_bytes() -> int | None:
    """The memory that is free for this process, in bytes; None if the system does not say."""
    amounts: list[int] = []
    meminfo = _text(Path("/proc/meminfo"))
    available = re.search(r"^MemAvailable: +(\d+) kB", meminfo, re.MULTILINE)
    if available is not None:
        amounts.append(1024 * int(available[1]))
    for limit, current in _LIMITS:
        most, taken = _text(_CONTAINER / limit).strip(), _text(_CONTAINER / current).strip()
        if most.isdecimal() and taken.isdecimal():
            amounts.append(max(0, int(most) - int(taken)))
    return min(amounts) if amounts else machine_bytes()


def more_than_free(needed: int) -> str | None:
    """None if `needed` bytes fit into the memory that is free, otherwise a phrase that names both amounts."""
    free = free_bytes()
    if free is None or needed <= free:
        return None
    return f"{in_gib(needed)} of memory, and {in_gib(free)} are free here"


def in_gib(size: int) -> str:
    """A number of bytes in words."""
    return f"{size / 2**30:,.1f} GiB"


def _text(file: Path) -> str:
    """The content of a file of the system; empty if there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
