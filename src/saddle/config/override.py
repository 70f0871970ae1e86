"""Overrides as text: `setting=value`, as a command line and Hydra's files hold them."""

import re
from collections.abc import Sequence
from pathlib import Path

from saddle.error import InputError

_RUNS_CODE = re.compile(r"[+~]*hydra[./](.*_target_|callbacks|searchpath|job_logging|hydra_logging|job[./]env_)")
"""Settings of Hydra's own that name what it imports and calls, before anything of saddle's can look at it."""


def key_of(override: str) -> str:
    """The setting that an override names."""
    return override.partition("=")[0].lstrip("+~")


def value_of(override: str) -> str:
    """The value that an override gives, without quotes; empty if it gives none."""
    return override.partition("=")[2].strip("'\"")


def quoted(path: Path) -> str:
    """A path as a value of an override."""
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"


def check_hydra(overrides: Sequence[str]) -> None:
    """Raise InputError for an override by which Hydra itself would build a class that is named there."""
    for text in overrides:
        if re.match(r"[+~]*hydra[./]", text) and "_target_" in text:
            raise InputError(f"{text}: Hydra's own parts are chosen by their groups, never by a _target_; leave it out")


def check_saved(overrides: object, file: Path) -> list[str]:
    """The overrides that `file`, maybe a stranger's, holds for Hydra to run again; InputError unless they only set
    values.
    """
    if not isinstance(overrides, list) or not all(isinstance(text, str) for text in overrides):
        raise InputError(f"{file}: expected a list of settings, as Hydra wrote it; start a new run")
    for text in overrides:
        if text.startswith("-") or _RUNS_CODE.match(text):
            raise InputError(f"{file}: {text} could run code of its own, so it was not followed: take it out of there")
    return overrides
