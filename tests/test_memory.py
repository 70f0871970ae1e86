import ctypes
import os
from types import SimpleNamespace

import pytest

from other_system import memory_status
from saddle.memory import machine_bytes, too_much


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows is asked in another way, below")
def test_a_request_beyond_the_machine_is_refused():
    available = machine_bytes()
    assert available == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert too_much(available) is None
    assert "GiB of memory, and this machine has" in too_much(available + 1)


def test_windows_says_it_in_a_structure(monkeypatch):
    monkeypatch.setattr("saddle.memory.os", SimpleNamespace(name="nt"))
    library = SimpleNamespace(kernel32=SimpleNamespace(GlobalMemoryStatusEx=memory_status))
    monkeypatch.setattr(ctypes, "windll", library, raising=False)
    assert machine_bytes() == 8 * 2**30
    library.kernel32.GlobalMemoryStatusEx = lambda status: 0  # it failed
    assert machine_bytes() is None
    assert too_much(2**60) is None


def test_a_system_that_does_not_say_refuses_nothing(monkeypatch):
    monkeypatch.setattr("saddle.memory.os", SimpleNamespace(name="posix"))
    assert machine_bytes() is None
