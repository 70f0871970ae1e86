"""Images or points: whether networks and data are of one kind, by what their settings are."""

from collections.abc import Mapping
from typing import Any

from saddle.config.source import class_constant
from saddle.error import InputError

_IMAGES, _POINTS = "image_size", "point_seed"
"""Settings that only data of that kind has."""


def check_kind(config: Mapping[str, Any]) -> None:
    """Raise InputError, naming the mend, if `config`, not yet resolved, gives points to networks for images, or images
    to networks for points.

    Networks are for points if they read `data.scale`, for images if they read `data.image_size`. Anything else that is
    odd is left to the checks that follow.
    """
    data, architecture = config.get("data"), config.get("architecture")
    if not isinstance(data, Mapping) or not isinstance(architecture, Mapping):
        return
    game = config.get("game")
    translates = isinstance(game, Mapping) and class_constant(str(game.get("_target_")), "reads") == "source"
    if _POINTS in data and isinstance(game, Mapping) and translates:
        raise InputError(
            f"data={_option(data)} delivers points, and game={_option(game)} plays with images: use data=mnist_pair"
        )
    for network in architecture.values():
        if not isinstance(network, Mapping):
            continue
        names = f"data={_option(data)} {{}}, and architecture={_option(network)} is made for {{}}: use {{}}"
        if _POINTS in data and _IMAGES in network and "encoder" in architecture:
            raise InputError(f"data={_option(data)} delivers points, and this game plays with images: use data=mnist")
        if _POINTS in data and _IMAGES in network:
            raise InputError(names.format("delivers points", "images", "architecture=points"))
        if _IMAGES in data and "${data.scale}" in network.values():
            raise InputError(names.format("delivers images", "points", "architecture=mlp or dcgan, or data=ring"))


def _option(node: Mapping[str, Any]) -> str:
    """The name of the file that a class comes from, which is that of the option that builds it."""
    return str(node.get("_target_", "?")).split(".")[-2:][0]
