"""When a run ends: limits in iterations and in images."""

from collections.abc import Mapping
from typing import Any


def iterations_for(images: int, rows: int) -> int:
    """How many iterations of `rows` images see at least `images` images."""
    return -(-images // rows)


def last_iteration(max_steps: int, images: int | None, rows: int) -> int:
    """The iteration that ends a run by `trainer.max_steps` and `training.images`; -1 if neither sets a limit."""
    limits = [max_steps]
    if images is not None:
        limits.append(iterations_for(images, rows))
    return min((limit for limit in limits if limit >= 0), default=-1)


def default_iterations(default: int, *, _root_: Mapping[str, Any]) -> int:
    """What `trainer.max_steps` is if it is not given: `default`, or -1 where `training.images` sets the limit."""
    return default if _root_["training"]["images"] is None else -1
