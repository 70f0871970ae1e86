"""A run's processes on several devices: if one fails, all of them end, and one reports the cause."""

import os
import pickle
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from saddle.config.checked import CheckedConfig
from saddle.interrupt import SIGNALS, killer_of, name_of
from saddle.plugin import environment
from saddle.rank import own_rank
from saddle.run.lock import let_go_of_all

_COMMAND = [sys.executable, "-P", "-m", "saddle.cli.rank_process"]
"""Runs a further rank; -P keeps the current folder out of the places where modules are looked for."""

_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 5.0
_LOST = re.compile("gloo|NCCL|Connection (closed|reset)|Broken pipe", re.IGNORECASE)


@dataclass(frozen=True)
class Ending:
    """The end of a process: one sentence, and the number of the signal that caused it, if one did."""

    sentence: str
    signal: int | None = None


class Ranks:
    """Starts and watches the processes of the further devices; in such a process it watches the one that started it.

    When one process fails, the others have a few seconds to end by themselves and report the cause. A process that
    hangs, because it waits for the failed one, is ended.
    """

    def __init__(self) -> None:
        self.children: list[subprocess.Popen[bytes]] = []
        self._first_is_gone = threading.Event()
        self._over = threading.Event()

    def start(self, config: CheckedConfig, number: int, port: int) -> None:
        """Start the processes of the ranks 1 to `number` - 1, which meet at this `port` of this machine.

        Each receives the config as it was checked here, so all train alike whatever became of files and variables.
        """
        content = pickle.dumps(config)
        for rank in range(1, number):
            variables = {**environment(), "LOCAL_RANK": str(rank), "MASTER_PORT": str(port)}
            child = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, env=variables)
            self.children.append(child)
            assert child.stdin is not None
            with suppress(BrokenPipeError):  # it has ended already, which `failed` reports
                child.stdin.write(content)
                child.stdin.flush()  # not closed: its end says that this process is gone

    def watch(self) -> None:
        """Start to watch, in threads."""
        if own_rank() > 0:
            threading.Thread(target=self._listen, daemon=True, name="first rank").start()
        threading.Thread(target=self._watch, daemon=True, name="ranks").start()

    def end(self) -> None:
        """End the other processes after training, whether it succeeded or not."""
        self._over.set()
        for child in self.children:
            try:
                child.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def kill(self) -> None:
        """End the other processes at once."""
        for child in self.children:
            child.kill()

    def failed(self, wait: float = 0.0) -> Ending | None:
        """The end of another process that failed, awaited for at most `wait` seconds; None if none failed."""
        deadline = time.monotonic() + wait
        while True:
            for rank, child in enumerate(self.children, 1):
                if child.poll():
                    return _ending(rank, child.returncode)
            if self._first_is_gone.is_set():
                return Ending("the process of rank 0 is gone")
            if time.monotonic() >= deadline:
                return None
            time.sleep(_LOOK_SECONDS)

    def _listen(self) -> None:
        """Wait for the end of standard input, which the first process holds open for as long as it lives."""
        os.read(sys.stdin.fileno(), 1)  # not through the buffer, which would stay locked when this process ends
        self._first_is_gone.set()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            ending = self.failed()
            if ending is not None and not self._over.wait(_GRACE_SECONDS):
                if own_rank() == 0:
                    os.write(2, f"\ntraining failed: {ending.sentence}\n".encode())
                self.kill()
                let_go_of_all()
                os._exit(1 if ending.signal is None else 128 + ending.signal)


def is_lost_connection(error: BaseException) -> bool:
    """Whether `error` only reports that another process is gone."""
    return isinstance(error, RuntimeError) and _LOST.search(str(error)) is not None


def _ending(rank: int, code: int) -> Ending:
    """The end of a process with this exit code, which is negative after a signal."""
    if code - 128 in SIGNALS:
        return Ending(f"the process of rank {rank} was stopped by {name_of(code - 128)}", code - 128)
    if code < 0:
        return Ending(f"the process of rank {rank} was killed by {name_of(-code)}", -code)
    killer = killer_of(code)
    if killer is not None:
        return Ending(f"the process of rank {rank} was killed by {killer}")
    return Ending(f"the process of rank {rank} ended with exit code {code}")
