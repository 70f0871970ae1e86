"""Signals that end a run: which they are, and what they do while there is nothing to save."""

import signal
from types import FrameType
from typing import Any

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
)
"""What ends a run in good order; the process then exits with 128 and the signal's number.

SIGINT is Ctrl-C, SIGHUP a terminal that is closed; schedulers (SLURM's --signal) warn by SIGTERM, SIGUSR1 or SIGUSR2.
"""


class Interrupted(SystemExit):
    """Signal `number` came while there was nothing to save; leaves the process with its exit code."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def leave(number: int, frame: FrameType | None) -> None:
    """A handler: raise Interrupted."""
    raise Interrupted(number)


def listen(handler: Any) -> dict[int, Any]:
    """Have `handler` called for every one of SIGNALS that is not ignored (as under nohup); the handlers before it."""
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in heard}
