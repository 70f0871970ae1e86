"""The signals that end a run, and the handler for the time when there is nothing to save."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | signal.Handlers
"""A function of the signal's number and the interrupted frame, or SIG_IGN or SIG_DFL."""

_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP", "SIGUSR1", "SIGUSR2")  # Windows has the first three only

SIGNALS = tuple(getattr(signal, name) for name in _NAMES if hasattr(signal, name))
"""The signals that end a run in good order. The process then exits with 128 plus the signal's number.

SIGINT is Ctrl-C. SIGHUP comes when the terminal is closed, on Windows SIGBREAK, as at Ctrl-Break. Schedulers (SLURM's
--signal) send SIGTERM, SIGUSR1 or SIGUSR2 as a warning.
"""

SENT_TO_ALL = {number for number in SIGNALS if number.name in ("SIGINT", "SIGBREAK")}
"""The signals that a terminal sends to all processes of a command, so that none needs to pass them on."""

TERMINATE_KILLS = os.name == "nt"
"""Whether `terminate` ends a process at once, as on Windows, and does not ask it to end in good order."""

_CRASHED = 0xC0000000
"""The smallest exit code of a process that Windows ended for an error, as 0xC0000005 for a wrong access to memory."""

_CTRL_C = 0xC000013A
"""The exit code on Windows of a process that Ctrl-C ended before Python listened."""


class Interrupted(SystemExit):
    """Signal `number` came while there was nothing to save. The process exits with 128 plus the number."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def name_of(number: int) -> str:
    """The name of a signal, as SIGTERM, or its number where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def killer_of(code: int) -> str | None:
    """What killed a process with this exit code, in words; None if it ended by itself.

    The code is negative after a signal, or 128 plus its number. On Windows a crash has a large one; a process that
    another one ended there has the code that the other one chose, so that it seems to have ended by itself.
    """
    number = -code if code < 0 else code - 128
    if number in signal.valid_signals() and number not in SIGNALS:
        return name_of(number)
    is_crash = code >= _CRASHED and code != _CTRL_C
    return f"Windows (0x{code:X})" if is_crash else None


class _Whole:
    """How deep the main thread is in blocks of `whole`, and the signal that waits for their end."""

    depth = 0
    waiting: int | None = None


@contextmanager
def whole() -> Iterator[None]:
    """A block of the main thread that `interrupt` does not break: Interrupted is raised behind it.

    For code of libraries that an exception at any instant would break. torch.save takes it for a failure to write, and
    the queue of TensorBoard's writer loses count of what is in it, so that its end is waited for without end.
    """
    _Whole.depth += 1
    try:
        yield
    finally:
        _Whole.depth -= 1
        if _Whole.depth == 0 and _Whole.waiting is not None:
            number, _Whole.waiting = _Whole.waiting, None
            raise Interrupted(number)


def interrupt(number: int) -> None:
    """Raise Interrupted for a signal: at the end of a block of `whole`, unless one waits already; else at once."""
    if _Whole.depth > 0 and _Whole.waiting is None:
        _Whole.waiting = number
        return
    raise Interrupted(number)


def leave(number: int, frame: FrameType | None) -> None:
    """A signal handler that raises Interrupted."""
    interrupt(number)


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
