"""Settings that contradict each other, and choices that the chosen game does not read: refused with the reason."""

import re
from collections.abc import Sequence
from typing import Any

from saddle.config.options import either, options_where, takes
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
        if takes(import_target(f"architecture.{name}", node["_target_"]), "conditional"):
            return
    raise InputError("architecture.conditional=True: none of these networks can take labels: use false")


def check_kinds(config: dict[str, Any]) -> None:
    """Raise InputError where data of points meets networks for images, or the other way round.

    A network for images takes `image_size`, one for points takes `scale`; so does their data.
    """
    data = config["data"]
    data_class = import_target("data", data["_target_"])
    networks = networks_of(config["architecture"])
    for name, node in networks.items():
        network_class = import_target(f"architecture.{name}", node["_target_"])
        if takes(data_class, "scale") and takes(network_class, "image_size"):
            raise InputError(_points_meet_images(data, node, config["game"], "encoder" in networks))
        if takes(data_class, "image_size") and takes(network_class, "scale"):
            fitting = options_where("architecture", lambda target: takes(target, "latent_dim"), "generator")
            fitting.remove(option_of(node))
            raise InputError(
                f"data={option_of(data)} delivers images, and architecture={option_of(node)} is made for points: use "
                f"{either('architecture', fitting)}, or data={options_where('data', _is_of_points)[-1]}"
            )


def _is_of_points(data: type) -> bool:
    return takes(data, "scale")


def _points_meet_images(data: dict[str, Any], network: dict[str, Any], game: dict[str, Any], encodes: bool) -> str:
    delivers = f"data={option_of(data)} delivers points"
    if encodes:
        fitting = options_where("data", lambda target: takes(target, "image_size"))
        return f"{delivers}, and game={option_of(game)} plays with images: use {either('data', fitting)}"
    fitting = options_where("architecture", lambda target: takes(target, "scale"), "generator")
    made_for = f"architecture={option_of(network)} is made for images"
    return f"{delivers}, and {made_for}: use {either('architecture', fitting)}"


def check_read(config: dict[str, Any], overrides: Sequence[str]) -> None:
    """Raise InputError for an override of a part that the chosen game does not use."""
    node = config["game"]
    target: Any = import_target("game", node["_target_"])
    has_objective = takes(target, "objective")
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
