"""The signals that end a run, and the handler for the time when there is nothing to save."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | signal.Handlers
"""A function of the signal's number and the interrupted frame, or SIG_IGN or SIG_DFL."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")  # Windows has the first two only

SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""The signals that end a run in good order. The process then exits with 128 plus the signal's number.

SIGINT is Ctrl-C, and SIGHUP comes when the terminal is closed. Schedulers (SLURM's --signal) send SIGTERM, SIGUSR1 or
SIGUSR2 as a warning.
"""


class Interrupted(SystemExit):
    """Signal `number` came while there was nothing to save. The process exits with 128 plus the number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def leave(number: int, frame: FrameType | None) -> None:
    """A signal handler that raises Interrupted."""
    raise Interrupted(number)


def listen(handler: Handler) -> dict[int, Any]:
    """Install `handler` for each of SIGNALS, and return the previous handlers by signal.

    A signal that is ignored, as SIGHUP is under nohup, stays ignored. Python handles signals in the main thread alone,
    so in another thread nothing is installed.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    previous: dict[int, Any] = {}
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            previous[number] = signal.signal(number, handler)
    return previous
