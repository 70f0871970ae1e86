"""Overrides as text: `setting=value`, as a command line and Hydra's files hold them."""

import re
from collections.abc import Sequence
from pathlib import Path

from saddle.error import InputError

_HARMLESS = re.compile(
    r"hydra/(launcher|sweeper)=\w+"
    r"|hydra\.(sweep|run)\.\w+=.*|hydra\.(mode|verbose|output_subdir|job\.chdir|job\.name)=.*"
    r"|hydra\.launcher\.(?!_)\w+=[\w.-]*|hydra\.sweeper\.(?!_)\w+(\.\w+)*=(?!.*hydra)[^{]*"
)
"""Overrides of Hydra's own settings that name no code."""


def key_of(override: str) -> str:
    """The setting that an override names."""
    return override.partition("=")[0].lstrip("+~")


def value_of(override: str) -> str:
    """The value of an override, without the quotes of Hydra's grammar and their escapes; empty without a value."""
    text = override.partition("=")[2]
    quote = text[:1]
    is_quoted = len(text) >= 2 and quote in ("'", '"') and text.endswith(quote)
    if not is_quoted:
        return text
    inside = re.sub(rf"\\+(?={quote}|\Z)", _half, text[1:-1])
    return re.sub(r"(\\+)\$\{", _unescaped, inside)


def by_setting(overrides: Sequence[str]) -> dict[str, str]:
    """Overrides as a mapping from setting to value."""
    return {key_of(text): value_of(text) for text in overrides}


def quoted(path: Path | str) -> str:
    """A path as a value of an override, in the quotes of Hydra's grammar.

    There a backslash stands for itself, except before a quote and before `${`, which begins an interpolation.
    """
    text = re.sub(r"(\\*)\$\{", _escaped, str(path))
    text = re.sub(r"\\+(?='|\Z)", _double, text)
    return "'" + text.replace("'", "\\'") + "'"


def _escaped(interpolation: re.Match[str]) -> str:
    return interpolation[1] * 2 + "\\${"


def _unescaped(interpolation: re.Match[str]) -> str:
    is_escaped = len(interpolation[1]) % 2 == 1
    return interpolation[1][: len(interpolation[1]) // 2] + "${" if is_escaped else interpolation[0]


def _half(backslashes: re.Match[str]) -> str:
    return backslashes[0][: len(backslashes[0]) // 2]


def _double(backslashes: re.Match[str]) -> str:
    return backslashes[0] * 2


def check_hydra(overrides: Sequence[str]) -> None:
    """Raise InputError for an override by which Hydra itself would build a class that is named there."""
    for text in overrides:
        if re.match(r"[+~]*hydra[./]", text) and "_target_" in text:
            raise InputError(f"{text}: Hydra's own parts are chosen by their groups, never by a _target_; leave it out")


def check_saved(overrides: object, file: Path) -> list[str]:
    """The overrides of `file`, which may be a stranger's, for Hydra to apply again.

    Raises InputError for anything that is no list of texts, and for a text that could make Hydra run code: of Hydra's
    own settings only those that are known to be harmless pass.
    """
    if not isinstance(overrides, list) or not all(isinstance(text, str) for text in overrides):
        raise InputError(f"{file}: expected a list of settings, as Hydra wrote it; start a new run")
    for text in overrides:
        key = text.partition("=")[0]
        if text.startswith("-") or ("hydra" in key and not _HARMLESS.fullmatch(text)):
            raise InputError(f"{file}: {text} could run code of its own, so it was not followed: take it out of there")
    return overrides
