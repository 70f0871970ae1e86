"""Paths in overrides that Hydra's grammar reads wrongly without quotes: of other letters, and of shares on Windows."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from saddle.config.override import quoted
from saddle.error import InputError, printable

_PLAIN = r"[\w ./:\\~+@%=-]+"
"""A value without quotes, lists and choices."""


def readable_by_hydra(arguments: Sequence[str]) -> list[str]:
    """A command line whose values have the quotes that Hydra's grammar demands around letters beyond ASCII.

    On Windows a share (\\\\computer\\share) has them as well, which would lose its first backslash.

    Raises InputError if this process, or the current folder, was given letters that its locale cannot represent.
    """
    if not Path().exists():
        raise InputError("the current folder was removed: change to another one")
    for text in (*arguments, str(Path.cwd())):
        if not _is_text(text):
            remedy = "set PYTHONUTF8=1 or choose another name"
            raise InputError(f"{printable(text)}: this locale does not have these letters; {remedy}")
    return [_with_quotes(text) for text in arguments]


def _is_text(text: str) -> bool:
    """Whether no byte of `text` was left undecoded."""
    return re.search(r"[\udc80-\udcff]", text) is None


def _with_quotes(argument: str) -> str:
    setting, _, value = argument.partition("=")
    is_share = os.name == "nt" and value.startswith("\\\\")
    if (value.isascii() and not is_share) or not re.fullmatch(_PLAIN, value):
        return argument
    return f"{setting}={quoted(value)}"
