"""Settings that contradict each other, and choices that the chosen game does not read: refused with the reason."""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from saddle.config.override import key_of
from saddle.config.signature import import_target
from saddle.error import InputError


def networks_of(architecture: dict[str, Any]) -> dict[str, Any]:
    """The entries of the group architecture that describe networks, by name."""
    return {name: node for name, node in architecture.items() if name != "conditional"}


def check_architecture(architecture: Any) -> None:
    """Raise InputError unless `conditional` is a truth value and every other entry describes a network."""
    if not isinstance(architecture, dict):
        raise InputError(f"architecture={architecture}: expected networks by name; choose a file of that group")
    conditional = architecture.get("conditional")
    if not isinstance(conditional, bool):
        raise InputError(f"architecture.conditional={conditional}: should be a valid boolean: use true or false")
    for name, node in networks_of(architecture).items():
        if not isinstance(node, dict):
            raise InputError(f"architecture.{name}={node}: expected a network with a _target_")


def check_labels(config: dict[str, Any]) -> None:
    """Raise InputError if networks are to take labels that the data does not have, or that none of them can take."""
    if not config["architecture"]["conditional"]:
        return
    if config["data"].get("classes", 0) == 0:
        raise InputError("architecture.conditional=True needs labels, but data.classes=0: the data has none")
    for name, node in networks_of(config["architecture"]).items():
        if "conditional" in _parameters(f"architecture.{name}", node):
            return
    raise InputError("architecture.conditional=True: none of these networks can take labels: use false")


def check_kinds(config: dict[str, Any]) -> None:
    """Raise InputError where data of points meets networks or a game for images, or the other way round.

    A network for images takes `image_size`, one for points takes `scale`; so does their data.
    """
    data = config["data"]
    data_parameters = _parameters("data", data)
    networks = networks_of(config["architecture"])
    for name, node in networks.items():
        network_parameters = _parameters(f"architecture.{name}", node)
        if "point_seed" in data_parameters and "image_size" in network_parameters:
            raise InputError(_points_meet_images(data, node, config["game"], "encoder" in networks))
        if "image_size" in data_parameters and "scale" in network_parameters:
            raise InputError(
                f"data={option_of(data)} delivers images, and architecture={option_of(node)} is made for points: use "
                "architecture=mlp or dcgan, or data=ring"
            )


def _points_meet_images(data: dict[str, Any], network: dict[str, Any], game: dict[str, Any], encodes: bool) -> str:
    delivers = f"data={option_of(data)} delivers points"
    if encodes:
        return f"{delivers}, and game={option_of(game)} plays with images: use data=mnist"
    return f"{delivers}, and architecture={option_of(network)} is made for images: use architecture=points"


def check_read(config: dict[str, Any], overrides: Sequence[str]) -> None:
    """Raise InputError for an override of a part that the chosen game does not use."""
    node = config["game"]
    target: Any = import_target("game", node["_target_"])
    has_objective = "objective" in _parameters("game", node)
    for text in overrides:
        group, *rest = re.split(r"[./@]", key_of(text))
        if group in ("loss", "penalty", "augmentation") and not has_objective:
            raise InputError(f"{text}: game={option_of(node)} reads no {group}; leave it out")
        if group == "architecture" and rest and rest[0] not in (*target.needs, "conditional"):
            names = ", ".join(target.needs)
            raise InputError(f"{text}: game={option_of(node)} has no {rest[0]}; its networks are {names}: leave it out")


def option_of(node: dict[str, Any]) -> str:
    """The option that builds a node: the name of the file of its class."""
    return str(node.get("_target_", "?")).split(".")[-2:][0]


def _parameters(path: str, node: dict[str, Any]) -> list[str]:
    return list(inspect.signature(import_target(path, node["_target_"])).parameters)
