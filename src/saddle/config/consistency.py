"""Refuses settings that contradict each other, and overrides that the chosen game does not read."""

import re
from collections.abc import Sequence
from typing import Any

from saddle.config.checked import CheckedConfig
from saddle.config.node import Node
from saddle.config.options import either, options_where, takes
from saddle.config.override import key_of
from saddle.error import InputError


def check_labels(config: CheckedConfig) -> None:
    """Raise InputError for conditional networks if the data has no labels, or if no network can take them."""
    if not config.conditional:
        return
    if config.data.settings.get("classes", 0) == 0:
        raise InputError(
            f"architecture.conditional=True needs labels, but data.classes=0: {_how_to_label(config.data)}, or use "
            "architecture.conditional=false"
        )
    if not any("conditional" in node.parameters for node in config.networks.values()):
        raise InputError("architecture.conditional=True: none of these networks can take labels: use false")


def _how_to_label(data: Node) -> str:
    """What to do for labels where the data has none."""
    if "classes" not in data.parameters:
        return f"data={data.option} has none; use other data"
    return "give the number of classes (of a folder of pictures, its sub-folders)"


def check_kinds(config: CheckedConfig) -> None:
    """Raise InputError where data of points meets networks for images, or the other way round.

    A network for images takes `image_size`, one for points takes `scale`; so does their data.
    """
    data = config.data
    for network in config.networks.values():
        if "scale" in data.parameters and "image_size" in network.parameters:
            raise InputError(_points_meet_images(config, network))
        if "image_size" in data.parameters and "scale" in network.parameters:
            fitting = options_where("architecture", lambda target: takes(target, "latent_dim"), "generator")
            if network.option in fitting:
                fitting.remove(network.option)
            points = options_where("data", lambda target: takes(target, "scale"))
            raise InputError(
                f"data={data.option} delivers images, and architecture={network.option} is made for points: use "
                f"{either('architecture', fitting)}, or {either('data', points)}"
            )


def _points_meet_images(config: CheckedConfig, network: Node) -> str:
    """One sentence for a network for images on data of points."""
    delivers = f"data={config.data.option} delivers points"
    if "encoder" in config.networks:
        fitting = options_where("data", lambda target: takes(target, "image_size"))
        return f"{delivers}, and game={config.game.option} plays with images: use {either('data', fitting)}"
    fitting = options_where("architecture", lambda target: takes(target, "scale"), "generator")
    made_for = f"architecture={network.option} is made for images"
    return f"{delivers}, and {made_for}: use {either('architecture', fitting)}"


def check_read(config: CheckedConfig, overrides: Sequence[str]) -> None:
    """Raise InputError for an override of a loss, penalty, augmentation or network that the game does not use."""
    game: Any = config.game.target
    for text in overrides:
        group, *rest = re.split(r"[./@]", key_of(text))
        if group in ("loss", "penalty", "augmentation") and "objective" not in config.game.parameters:
            raise InputError(f"{text}: game={config.game.option} reads no {group}; leave it out")
        if group == "architecture" and rest and rest[0] not in (*game.needs, "conditional"):
            names = ", ".join(game.needs)
            raise InputError(
                f"{text}: game={config.game.option} has no {rest[0]}; its networks are {names}: leave it out"
            )
