"""When a run ends: limits in iterations and in images."""

from collections.abc import Mapping
from typing import Any


def iterations_for(images: int, config: Mapping[str, Any]) -> int:
    """How many iterations see at least `images` images."""
    return -(-images // (config["data"]["batch_size"] * config["training"]["accumulate"]))


def max_steps(config: Mapping[str, Any]) -> int:
    """The last iteration by `trainer.max_steps` and `training.images`, -1 if neither sets a limit."""
    limits = [config["trainer"]["max_steps"]]
    if config["training"]["images"] is not None:
        limits.append(iterations_for(config["training"]["images"], config))
    return min((limit for limit in limits if limit >= 0), default=-1)


def default_iterations(otherwise: int, *, _root_: Mapping[str, Any]) -> int:
    """`otherwise`, or -1 where `training.images` sets the limit: what `trainer.max_steps` is if it is not given."""
    return otherwise if _root_["training"]["images"] is None else -1
