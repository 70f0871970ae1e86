"""Reads the settings of a run from its folder, and calls no function that they name."""

import re
from pathlib import Path
from typing import Any

import yaml

from saddle.error import InputError

_CALL = re.compile(r"\$\{.*:", re.DOTALL)
"""Text that may call a function, as ${oc.env:HOME} does; ${seed} calls none."""

_PURE = re.compile(r"\$\{saddle\.iterations:-?\d+\}")
"""The call that depends on other settings alone."""


def plain_settings(file: Path, folder: Path, recorded: dict[str, Any]) -> dict[str, Any]:
    """The settings in `file`, the config.yaml that Hydra wrote for the run in `folder`, as plain values by name.

    What a function gave when the run began (an environment variable, a date) is taken from `recorded`, the record in
    its checkpoint; a call whose result is not there stays as it is written. Raises InputError for a damaged file.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    import saddle.config.resolver  # noqa: F401

    try:
        written = {**yaml.safe_load(file.read_text(encoding="utf-8")), "folder": str(folder)}
        settings = OmegaConf.create(_without_calls(written, recorded))
        plain = OmegaConf.to_container(settings, resolve=True)
    except (OSError, UnicodeDecodeError, TypeError, yaml.YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: the run's settings cannot be read ({reason}); restore the file") from error
    assert isinstance(plain, dict)
    return {str(name): value for name, value in plain.items()}


def _without_calls(value: Any, recorded: Any) -> Any:
    """`value` with the `recorded` value in place of each call, or the call escaped where there is none."""
    if isinstance(value, dict):
        known = recorded if isinstance(recorded, dict) else {}
        return {name: _without_calls(item, known.get(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_calls(item, None) for item in value]
    if not isinstance(value, str) or not _CALL.search(value) or _PURE.fullmatch(value):
        return value
    return _escaped(value if recorded is None else recorded)


def _escaped(value: Any) -> Any:
    """A value whose text calls nothing; a backslash before `${` is escaped, too, for it would undo the escape."""
    if not isinstance(value, str):
        return value
    return re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + "\\${", value)
