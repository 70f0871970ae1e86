"""When a run ends: limits in iterations and in images."""

from collections.abc import Mapping
from typing import Any

from omegaconf.errors import OmegaConfBaseException


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
    """The default of `trainer.max_steps`: `default`, or -1 where `training` sets the limit, in images or in seconds.

    OmegaConf passes the whole config as `_root_`.
    """
    training = _root_["training"]
    has_other = training["images"] is not None or training.get("cpu_seconds") is not None
    return -1 if has_other else default


def part_of_run(share: float, *, _root_: Mapping[str, Any]) -> int:
    """That share of the images that a run sees by `trainer.max_steps` and `training.images`; at least 1.

    OmegaConf passes the whole config as `_root_`. Without a limit, or where settings are wrong, it is the share of a
    million: the check of the config comes later and names the mistake.
    """
    return max(1, round(share * (_images_of_run(_root_) or 1_000_000)))


def _images_of_run(settings: Mapping[str, Any]) -> int | None:
    """The number of images that a run sees; None if it has no limit or its settings are wrong."""
    try:
        rows = settings["data"]["batch_size"] * settings["training"]["accumulate"]
        last = last_iteration(settings["trainer"]["max_steps"], settings["training"]["images"], rows)
        return int(last * rows) if last > 0 else None
    except (OmegaConfBaseException, KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
