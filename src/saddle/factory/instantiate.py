"""From a checked node to an object: the one call of `instantiate`."""

import re
from collections.abc import Mapping
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from saddle.config.node import Node
from saddle.error import InputError, first_line
from saddle.factory.outside_error import is_outside, place_outside, reason_of

_REFUSALS = (ValueError, TypeError, OverflowError)
"""What a constructor raises for a value that it refuses."""


def make(node: Node, passed_in: Mapping[str, Any] | None = None) -> Any:
    """The object of a checked node; `passed_in` holds further arguments, which the program supplies.

    Raises InputError, naming the setting, for a value that the constructor refuses, and for any error of a constructor
    from outside of saddle.
    """
    return make_plain(node.path, node.plain(), passed_in)


def make_plain(path: str, values: Mapping[str, Any], passed_in: Mapping[str, Any] | None = None) -> Any:
    """The object of plain values with a `_target_`, which stand at `path` of the config; else as `make`."""
    try:
        if passed_in is None:
            return instantiate(values, _convert_="all")
        constructor = instantiate({**values, "_partial_": True}, _convert_="all")
        return constructor(**passed_in)  # not through Hydra, which would turn a dataclass into a mapping
    except InstantiationException as error:
        inner = re.search(r"^full_key: (\S+)$", str(error), re.MULTILINE)
        setting = f"{path}.{inner[1]}" if inner else path
        refusal = _refusal(setting, values["_target_"], error.__cause__ or error)
        if refusal is None:
            raise
        raise refusal from error
    except Exception as error:  # a constructor from outside may raise anything
        refusal = _refusal(path, values["_target_"], error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(setting: str, target: str, error: BaseException) -> InputError | None:
    """What a constructor's error says of the setting; None if it is no refusal, and not from outside of saddle."""
    if isinstance(error, InputError):
        return InputError(_sentence(setting, error))
    if is_outside(target) and place_outside(error) is not None:
        return InputError(f"{setting} ({target}): it cannot be built: {reason_of(error)}")
    return InputError(_sentence(setting, error)) if isinstance(error, _REFUSALS) else None


def _sentence(setting: str, error: BaseException) -> str:
    """The reason of a refusal, after the setting unless it names one itself."""
    reason = first_line(error)
    group = setting.partition(".")[0]
    if reason.startswith(f"{group}."):
        return reason
    return f"{setting}: {reason}"
