"""What a terminal is told: commands that its shell understands, color, and text that it may not show or not take."""

import os
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO


def quoted_for_shell(text: str | Path) -> str:
    """`text` as one word of a command for the shells of this system."""
    return _for_windows(str(text)) if os.name == "nt" else shlex.quote(str(text))


def _for_windows(text: str) -> str:
    """`text` as one word for cmd.exe and PowerShell, which share no quotes but double ones.

    Programs read a backslash before a quote as an escape, so those at the end are doubled.
    """
    if re.fullmatch(r"[\w=+.:/\\-]+", text):
        return text
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', text)
    escaped = re.sub(r"(\\+)$", r"\1\1", escaped)
    return f'"{escaped}"'


COLUMNS = 80
"""The width of the lines that a run prints, that of the narrowest usual terminal."""

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def has_color(stream: TextIO) -> bool:
    """Whether what is written there may be colored: a terminal reads it, and nobody has set NO_COLOR (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if os.name == "nt" and not {"WT_SESSION", "TERM"} & os.environ.keys():  # the old console shows codes as text
        return False
    return stream.isatty()


def labeled(label: str, text: str, width: int, stream: TextIO) -> str:
    """`text` behind a `label` in a column of `width` characters, in lines of at most `COLUMNS` characters.

    The label is bold where `stream` has color.
    """
    lines: list[str] = []
    for paragraph in text.splitlines():
        lines += textwrap.wrap(paragraph, COLUMNS - width, break_long_words=False, break_on_hyphens=False)
    return _behind(label, lines, width, stream)


def labeled_whole(label: str, text: str, width: int, stream: TextIO) -> str:
    """`text` in one line, however long it is, as a path or a command must stand; otherwise as `labeled`."""
    return _behind(label, [text], width, stream)


def _behind(label: str, lines: Sequence[str], width: int, stream: TextIO) -> str:
    shown = f"{_BOLD}{label}{_PLAIN}" if has_color(stream) else label
    return f"{shown}{' ' * (width - len(label))}" + f"\n{' ' * width}".join(lines)


class _Output:
    """A text stream that never fails: once nobody reads it (a closed pipe, a terminal that is gone), text is dropped.

    All else is the stream's own.
    """

    def __init__(self, stream: TextIO, is_own: bool) -> None:
        self._stream = stream
        self._is_own = is_own  # whether no other code of this process writes there
        self._is_read = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write text, if anybody reads it."""
        self._attempt(lambda: self._stream.write(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines, if anybody reads them."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Pass on what was written, if anybody reads it."""
        self._attempt(self._stream.flush)

    def _attempt(self, act: Callable[[], object]) -> None:
        if not self._is_read:
            return
        try:
            act()
        except (OSError, ValueError):  # a ValueError: the stream was closed
            self._is_read = False
            if self._is_own:
                self._drop_the_rest()

    def _drop_the_rest(self) -> None:
        """Lead what the stream still holds, and what libraries write beside it, to nowhere."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def prepare_output() -> None:
    """Make sure that no message ends a run.

    Characters that the terminal lacks are printed as escapes. What nobody can read any more is dropped. A stream that
    was closed from the beginning leads nowhere, so that no file of the run takes its number.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, _Output):
            continue
        if stream is None:
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        if isinstance(stream, TextIOWrapper):
            with suppress(OSError):  # it passes on what was printed before
                stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, _Output(stream, is_own=True))


@contextmanager
def output_of_a_guest() -> Iterator[None]:
    """Inside, no message ends a run; the streams of the program that called saddle stay as they were."""
    streams = sys.stdout, sys.stderr
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        if stream is not None and not isinstance(stream, _Output):
            setattr(sys, name, _Output(stream, is_own=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
