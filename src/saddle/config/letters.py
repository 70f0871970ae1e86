"""Values of overrides that Hydra's grammar would read otherwise than meant: paths, and letters beyond ASCII."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from saddle.config.grammar import parsed
from saddle.config.override import key_of, quoted, value_of
from saddle.config.place import is_path
from saddle.error import InputError, printable
from saddle.file import expanded

_PLAIN = r"[\w ./:\\~+@%=-]+"
"""A value without quotes, lists and choices."""

_NEW_FOLDERS = ("folder", "hydra.run.dir", "hydra.sweep.dir", "keep")
"""Settings that name the folder of a run or a sweep, which need not be there."""

_WRITTEN = re.compile(r"folder|hydra\.(run|sweep)\.dir|keep|.*\.(cache|default_root_dir|dirpath|folder|path|save_dir)")
"""The names of settings of paths to which saddle writes, which need not be there."""


def readable_by_hydra(arguments: Sequence[str], is_sweep: bool = False) -> list[str]:
    """A command line whose paths, and whose values of letters beyond ASCII, have the quotes that Hydra demands.

    A leading `~` of a path becomes the home folder. A value that Hydra has to evaluate (${...}) stays as it is, and so
    do values that are in quotes or, in a sweep, several. On Windows a share (\\\\computer\\share) has quotes as well,
    which would lose its first backslash.

    Raises InputError for a path without a name, and if this process, or the current folder, was given letters that its
    locale cannot represent.
    """
    for text in (*arguments, _current_folder()):
        if not _is_text(text):
            raise InputError(f"{printable(text)}: {_remedy()}")
    return [_readable(text, is_sweep) for text in arguments]


def _current_folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError as error:
        raise InputError("the current folder was removed: change to another one") from error


def _is_windows() -> bool:
    return os.name == "nt"


def _is_text(text: str) -> bool:
    """Whether no byte of `text` was left undecoded."""
    return re.search(r"[\udc80-\udcff]", text) is None


def _remedy() -> str:
    """What to do about bytes that are no letters here."""
    if sys.getfilesystemencoding() == "utf-8":
        return "this name has bytes that are no letters of UTF-8; choose another name"
    return "this locale does not have these letters; set PYTHONUTF8=1 or choose another name"


def _readable(argument: str, is_sweep: bool) -> str:
    setting, equals, value = argument.partition("=")
    key = key_of(argument)
    if not equals or argument.startswith("~"):
        return argument
    if key == "hydra.searchpath":
        return argument.replace("file://~", f"file://{expanded('~')}")
    if is_path(key):
        return f"{setting}={_path(key, value, is_sweep)}"
    is_share = _is_windows() and value.startswith("\\\\")
    if (value.isascii() and not is_share) or not re.fullmatch(_PLAIN, value):
        return argument
    return f"{setting}={quoted(value)}"


def _path(key: str, value: str, is_sweep: bool) -> str:
    """The value of a setting that is a path, with quotes if Hydra would read another one than `value`."""
    if not value_of(f"{key}={value}") and key not in ("resume", "keep"):
        raise InputError(f"{key}=: name a folder or file")
    if os.path.lexists(expanded(value)):
        if "${" in value and key in (*_NEW_FOLDERS, "resume"):
            raise InputError(f"{key}={value}: Hydra cannot write into a folder with ${{ in its name: rename it")
        return _quoted_if_needed(key, expanded(value))
    text = value_of(f"{key}={value}")
    if text != value and os.path.lexists(expanded(text)):  # in quotes, perhaps in a person's and not in Hydra's
        return quoted(expanded(text))
    override = parsed(f"{key}={value}")
    if override is not None and ("${" in value or override.value() is None):
        return value
    if override is not None and text != value:  # in quotes
        return quoted(expanded(text)) if text.startswith("~") else value
    if is_sweep and "," in value:
        is_read = override is not None
        return value if is_read else ",".join(quoted(expanded(part)) for part in value.split(","))
    if override is not None and override.is_sweep_override() and not _WRITTEN.fullmatch(key):
        return value  # Hydra says that it takes several values in a sweep only
    if override is not None and "\\" in value and not _is_windows():
        return quoted(expanded(str(override.value())))  # the backslashes are those of Hydra's grammar
    return _quoted_if_needed(key, expanded(value))


def _quoted_if_needed(key: str, text: str) -> str:
    """`text` as a value, with quotes unless Hydra reads the same without."""
    override = parsed(f"{key}={text}")
    return text if override is not None and override.value() == text and "${" not in text else quoted(text)
