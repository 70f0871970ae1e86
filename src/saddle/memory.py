"""The memory of this machine, so that a request that cannot fit is refused early."""

import ctypes
import os


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
