"""From a checked node to an object: the one call of `instantiate`."""

import re
from collections.abc import Mapping
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from saddle.config.node import Node
from saddle.error import InputError, first_line
from saddle.factory.outside_error import place_outside, reason_of

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
    except _REFUSALS as error:
        raise InputError(_sentence(path, error)) from error
    except InstantiationException as error:
        cause = error.__cause__
        inner = re.search(r"^full_key: (\S+)$", str(error), re.MULTILINE)
        setting = f"{path}.{inner[1]}" if inner else path
        if isinstance(cause, _REFUSALS):
            raise InputError(_sentence(setting, cause)) from error
        if cause is not None and place_outside(cause) is not None:
            raise InputError(f"{setting} ({values['_target_']}): it cannot be built: {reason_of(cause)}") from error
        raise


def _sentence(setting: str, error: BaseException) -> str:
    """The reason of a refusal, after the setting unless it names one itself."""
    reason = first_line(error)
    group = setting.partition(".")[0]
    if reason.startswith(f"{group}."):
        return reason
    return f"{setting}: {reason}"
