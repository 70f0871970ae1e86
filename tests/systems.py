"""Tests that need more than every system has, each with its reason."""

import os
import sys

import pytest

_LINUX = "it finds processes and their groups in Linux's /proc"
_POSIX = "it sends signals of POSIX, or makes pipes, links and permissions of files"

linux = pytest.mark.skipif(sys.platform != "linux", reason=_LINUX)
posix = pytest.mark.skipif(os.name == "nt", reason=_POSIX)


def require_linux() -> None:
    """Leave out the rest of a file of tests on other systems than Linux."""
    if sys.platform != "linux":
        pytest.skip(_LINUX, allow_module_level=True)


def require_posix() -> None:
    """Leave out the rest of a file of tests on Windows."""
    if os.name == "nt":
        pytest.skip(_POSIX, allow_module_level=True)
