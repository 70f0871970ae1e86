"""When a run ends: limits in iterations and in images."""

from collections.abc import Mapping
from typing import Any


def iterations_for(images: int, rows: int) -> int:
    """The number of iterations of `rows` images that see at least `images` images."""
    return -(-images // rows)


def last_iteration(max_steps: int, images: int | None, rows: int) -> int:
    """The iteration that ends a run by `trainer.max_steps` and `training.images`; -1 if neither sets a limit."""
    limits: list[int] = []
    if max_steps >= 0:
        limits.append(max_steps)
    if images is not None:
        limits.append(iterations_for(images, rows))
    return min(limits, default=-1)


def default_iterations(default: int, *, _root_: Mapping[str, Any]) -> int:
    """The default of `trainer.max_steps`: `default`, or -1 where `training.images` sets the limit.

    OmegaConf passes the whole config as `_root_`.
    """
    return default if _root_["training"]["images"] is None else -1
