"""Runs of train.py in the background, to be sent signals."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from helpers import REPOSITORY

WITHIN = 30  # seconds in which a run ends that is told to; two or three where nobody else computes


def started(
    *overrides: str, script: Path = REPOSITORY / "train.py", cwd: Path = REPOSITORY, **environment: str
) -> subprocess.Popen:
    """A train.py in the background, in a process group of its own; `environment` is added to this one."""
    return subprocess.Popen(
        [sys.executable, str(script), *overrides],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen, *paths: Path) -> None:
    """Wait until all `paths` exist; fail with what the process said if it ends before."""
    deadline = time.monotonic() + 240
    while not all(path.exists() for path in paths):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, paths
        time.sleep(0.02)


def ended(process: subprocess.Popen, within: float = WITHIN) -> str:
    """What the process says on stderr until it ends, which it does in time, and with it all that it has started."""
    try:
        _, errors = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    deadline = time.monotonic() + within
    while alive(process.pid):
        assert time.monotonic() < deadline, f"left alive: {alive(process.pid)}"
        time.sleep(0.05)
    return errors


def alive(group: int) -> list[int]:
    """The processes of a group that are alive."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, state, _, its_group = re.match(r"(\d+) \(.*\) (\w) (\d+) (\d+)", status.read_text()).groups()
        except OSError:
            continue
        if int(its_group) == group and state not in "ZX":
            found.append(int(pid))
    return found


def children_of(process: subprocess.Popen) -> list[int]:
    """The processes that a process has started, by their number."""
    return sorted(pid for pid in alive(process.pid) if pid != process.pid)


def sentences(errors: str) -> list[str]:
    """The lines of stderr that are no progress bar."""
    return [line for line in re.split(r"[\r\n]+", errors) if line.strip() and " |" not in line]
