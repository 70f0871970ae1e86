"""The processes of a run on several devices: where one fails, all of them end, and one of them says why."""

import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Any

from saddle.interrupt import SIGNALS

_LOOK_SECONDS, _GRACE_SECONDS = 0.2, 5.0
_LOST = re.compile("gloo|NCCL|Connection (closed|reset)|Broken pipe", re.IGNORECASE)


@dataclass(frozen=True)
class Ending:
    """How a process ended: in words, and by which signal, if it was one."""

    sentence: str
    signal: int | None = None


class Ranks:
    """Watches over the processes that Lightning starts beside this one, or, in one of those, over the one that did.

    Lightning's own watch kills this process by SIGKILL, without a message, when another one fails, so it is taken out
    of service. Here a process has a few seconds to end by itself and say why, when another one has failed. A process
    that cannot, because it waits for the other one, is ended.
    """

    def __init__(self, launcher: Any) -> None:
        self.children: list[subprocess.Popen[bytes]] = []
        self._launcher = launcher if hasattr(launcher, "procs") else None
        self._parent = os.getppid() if os.environ.get("LOCAL_RANK", "0") != "0" else None
        self._over, self._lock = threading.Event(), threading.Lock()

    def watch(self) -> None:
        """Begin to watch, in a thread."""
        threading.Thread(target=self._watch, daemon=True, name="ranks").start()

    def end(self) -> None:
        """Training is over, well or not: end the other processes, which have nothing left to do."""
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
        """The other process that has failed, which may take `wait` seconds to end; None if all is well."""
        deadline = time.monotonic() + wait
        while True:
            self._adopt()
            for rank, child in enumerate(self.children, 1):
                if child.poll():
                    return _ending(rank, child.returncode)
            if self._parent is not None and os.getppid() != self._parent:
                return Ending("the process of rank 0 is gone")
            if time.monotonic() >= deadline:
                return None
            time.sleep(_LOOK_SECONDS)

    def _adopt(self) -> None:
        """Take over the processes that Lightning has started: its watch has none left to look after."""
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
                os._exit(1 if ending.signal is None else 128 + ending.signal)


def is_lost_connection(error: BaseException) -> bool:
    """Whether `error` only says that another process is gone."""
    return isinstance(error, RuntimeError) and _LOST.search(str(error)) is not None


def _ending(rank: int, code: int) -> Ending:
    if code < 0:
        return Ending(f"the process of rank {rank} was killed by {signal.Signals(-code).name}", -code)
    if code - 128 in SIGNALS:
        return Ending(f"the process of rank {rank} was stopped by {signal.Signals(code - 128).name}", code - 128)
    return Ending(f"the process of rank {rank} ended with exit code {code}")
