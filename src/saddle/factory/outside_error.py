"""Errors of code from outside of saddle in words, with the line in which they arose."""

import sys
import traceback
from pathlib import Path

from saddle.error import first_line

_LIBRARIES = ("saddle", "torch", "hydra", "omegaconf", "lightning")
"""Packages through which saddle calls code from outside: a frame of theirs is not the place of a mistake."""


def is_outside(name: str) -> bool:
    """Whether a class or module of this name is neither saddle's own nor of a library that it builds on."""
    return name.partition(".")[0] not in _LIBRARIES


def place_outside(error: BaseException) -> str | None:
    """The innermost line of code from outside in which an error arose, as "loss.py, line 20"; None if it is in none."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module, file = str(frame.f_globals.get("__name__")), frame.f_code.co_filename
        is_generated = file.startswith("<")  # as the methods of a dataclass
        if is_outside(module) and module not in sys.stdlib_module_names and not is_generated:
            return f"{Path(file).name}, line {line}"
    return None


def reason_of(error: BaseException) -> str:
    """An error in words: its class, the first line of its message, and where it arose."""
    reason, place = f"{type(error).__name__}: {first_line(error)}", place_outside(error)
    return reason if place is None else f"{reason} ({place})"
