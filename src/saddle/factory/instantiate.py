"""From a checked config node to an object: the one call of `instantiate`."""

import re
import sys
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from saddle.error import InputError

Config = dict[str, Any]
"""A composed and resolved config, of plain values."""


def make(path: str, node: Config, **injected: Any) -> Any:
    """The object that a checked config node describes; a value that its constructor refuses is named by `path`."""
    try:
        return instantiate(node, _convert_="all", **injected)
    except InstantiationException as error:
        if isinstance(error.__cause__, (ValueError, TypeError, OverflowError, *_lightnings())):
            reason = (str(error.__cause__) or type(error.__cause__).__name__).splitlines()[0]
            inner = re.search(r"^full_key: (\S+)$", str(error), re.MULTILINE)
            place = f"{path}.{inner[1]}" if inner else path
            raise InputError(reason if reason.startswith(f"{path}.") else f"{place}: {reason}") from error
        raise


def _lightnings() -> tuple[type[Exception], ...]:
    """What Lightning raises for bad arguments, where it is loaded: nothing here needs the seconds that this takes."""
    module = sys.modules.get("lightning.fabric.utilities.exceptions")
    return () if module is None else (module.MisconfigurationException,)
