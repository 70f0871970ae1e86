"""Supervision of a run's processes on several devices: if one fails, all of them end, and one reports the cause."""

import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Any

from saddle.interrupt import SIGNALS, name_of
from saddle.run.lock import let_go_of_all

_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 5.0
_LOST = re.compile("gloo|NCCL|Connection (closed|reset)|Broken pipe", re.IGNORECASE)


@dataclass(frozen=True)
class Ending:
    """The end of a process: one sentence, and the number of the signal that caused it, if one did."""

    sentence: str
    signal: int | None = None


class Ranks:
    """Watches the processes that Lightning starts; in such a process it watches the one that started it.

    Lightning's own watch is disabled: when another process fails, it kills this one by SIGKILL, without a message. Here
    a process then has a few seconds to end by itself and report the cause. A process that hangs, because it waits for
    the failed one, is ended.
    """

    def __init__(self, launcher: Any) -> None:
        self.children: list[subprocess.Popen[bytes]] = []
        self._launcher = launcher if hasattr(launcher, "procs") else None
        self._parent = os.getppid() if os.environ.get("LOCAL_RANK", "0") != "0" else None
        self._over = threading.Event()
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Start to watch, in a thread."""
        threading.Thread(target=self._watch, daemon=True, name="ranks").start()

    def end(self) -> None:
        """End the other processes after training, whether it succeeded or not."""
        self._over.set()
        self._adopt()
        for child in self.children:
            try:
                child.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def kill(self) -> None:
        """End the other processes at once."""
        self._adopt()
        for child in self.children:
            child.kill()

    def failed(self, wait: float = 0.0) -> Ending | None:
        """The end of another process that failed, awaited for at most `wait` seconds; None if none failed."""
        deadline = time.monotonic() + wait
        while True:
            self._adopt()
            for rank, child in enumerate(self.children, 1):
                if child.poll():
                    return _ending(rank, child.returncode)
            # (Windows keeps the number of a dead parent: there only the lost connection reveals it)
            if self._parent is not None and os.getppid() != self._parent:
                return Ending("the process of rank 0 is gone")
            if time.monotonic() >= deadline:
                return None
            time.sleep(_LOOK_SECONDS)

    def _adopt(self) -> None:
        """Take the processes that Lightning has started from its list, so that its own watch has none left."""
        with self._lock:
            if self._launcher is not None and len(self._launcher.procs) == self._launcher.num_processes - 1:
                self.children += self._launcher.procs
                self._launcher.procs.clear()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            ending = self.failed()
            if ending is not None and not self._over.wait(_GRACE_SECONDS):
                if self._parent is None:
                    os.write(2, f"\ntraining failed: {ending.sentence}\n".encode())
                self.kill()
                let_go_of_all()
                os._exit(1 if ending.signal is None else 128 + ending.signal)


def is_lost_connection(error: BaseException) -> bool:
    """Whether `error` only reports that another process is gone."""
    return isinstance(error, RuntimeError) and _LOST.search(str(error)) is not None


def _ending(rank: int, code: int) -> Ending:
    """The end of a process with this exit code, which is negative after a signal."""
    if code < 0:
        return Ending(f"the process of rank {rank} was killed by {name_of(-code)}", -code)
    if code - 128 in SIGNALS:
        return Ending(f"the process of rank {rank} was stopped by {name_of(code - 128)}", code - 128)
    return Ending(f"the process of rank {rank} ended with exit code {code}")
