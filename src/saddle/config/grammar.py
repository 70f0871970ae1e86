"""Overrides as Hydra's grammar reads them."""

from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException


def parsed(text: str) -> Override | None:
    """An override as Hydra reads it; None for a flag and for what Hydra cannot read.

    Hydra raises its error later, with the place.
    """
    try:
        return OverridesParser.create().parse_override(text)
    except HydraException:
        return None


def unquoted(value: Any) -> Any:
    """A value of an override without quotes: Hydra keeps them beside the text."""
    return getattr(value, "text", value)
