"""What a terminal is told: commands that its shell understands, and characters that it may lack."""

import os
import re
import shlex
import sys
from io import TextIOWrapper
from pathlib import Path


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


def print_all_characters() -> None:
    """Have characters that the terminal lacks printed as escapes, as stderr does, so that no message ends a run."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
