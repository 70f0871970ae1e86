"""Whether the networks of a run take labels."""

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from saddle.config.signature import import_target, signature_of
from saddle.error import InputError


def takes_labels(settings: Mapping[str, Any]) -> bool:
    """Whether networks take labels by `architecture.conditional` of these settings; raises InputError if it is unknown.

    "auto" means yes where the data has classes to ask for, the game by default plays with labels, and its networks can
    take them. Packed images have no single label.
    """
    architecture = settings["architecture"]
    if "conditional" not in architecture:
        raise InputError("architecture.conditional is missing: use true, false or auto")
    conditional = architecture["conditional"]
    if isinstance(conditional, bool):
        return conditional
    if conditional != "auto":
        raise InputError(f"architecture.conditional={conditional}: use true, false or auto")
    data: Any = import_target("data", settings["data"]["_target_"])
    game: Any = import_target("game", settings["game"]["_target_"])
    if settings["data"].get("classes", 0) == 0 or not (data.labels_by_default and game.labels_by_default):
        return False
    players = [name for name in game.needs if name in architecture]
    return all(_can_take_labels(f"architecture.{name}", architecture[name]) for name in players)


def _can_take_labels(path: str, network: Mapping[str, Any]) -> bool:
    """Whether a network with these settings can take labels."""
    return (
        "conditional" in signature_of(import_target(path, network["_target_"])).types and network.get("packing", 1) == 1
    )


def times_without_labels(value: Any, factor: float, *, _root_: Any) -> Any:
    """The setting `value`, times `factor` where the networks of the config `_root_` take no labels.

    Where settings are wrong it is `value`: the check of the config comes later and names the mistake.
    """
    try:
        settings = {group: OmegaConf.to_container(_root_[group]) for group in ("architecture", "data", "game")}
        return value if takes_labels(settings) else value * factor
    except (InputError, OmegaConfBaseException, AttributeError, KeyError, TypeError):
        return value
