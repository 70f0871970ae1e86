"""From a checked config node to an object: the one call of `instantiate`."""

from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning.fabric.utilities.exceptions import MisconfigurationException

from saddle.error import InputError

Config = dict[str, Any]
"""A composed and resolved config, of plain values."""


def make(path: str, node: Config, **injected: Any) -> Any:
    """The object that a checked config node describes; a value that its constructor refuses is named by `path`."""
    try:
        return instantiate(node, _convert_="all", **injected)
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | TypeError | MisconfigurationException):
            reason = str(error.__cause__).splitlines()[0]
            raise InputError(reason if reason.startswith(f"{path}.") else f"{path}: {reason}") from error
        raise
