"""From a checked node to an object: the one call of `instantiate`."""

import re
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from saddle.config.compose import Node
from saddle.error import InputError


def make(path: str, node: Node, **injected: Any) -> Any:
    """The object that a checked node describes; a value that its constructor refuses is named by the setting `path`."""
    try:
        return instantiate(node, _convert_="all", **injected)
    except InstantiationException as error:
        cause = error.__cause__
        if not isinstance(cause, (ValueError, TypeError, OverflowError)):
            raise
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        inner = re.search(r"^full_key: (\S+)$", str(error), re.MULTILINE)
        setting = f"{path}.{inner[1]}" if inner else path
        names_setting = reason.startswith(f"{path.partition('.')[0]}.")
        raise InputError(reason if names_setting else f"{setting}: {reason}") from error
