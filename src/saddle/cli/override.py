"""Overrides as text: `setting=value`, as a command line and Hydra's files hold them."""

from pathlib import Path


def key_of(override: str) -> str:
    """The setting that an override names."""
    return override.partition("=")[0].lstrip("+~")


def value_of(override: str) -> str:
    """The value that an override gives, without quotes; empty if it gives none."""
    return override.partition("=")[2].strip("'\"")


def quoted(path: Path) -> str:
    """A path as a value of an override."""
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"
