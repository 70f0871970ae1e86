"""The config's groups and settings, and what each of them builds.

A setting stands once. The program passes in what a class needs beside its own settings. `PASSED_IN` lists those
parameters, and a config that sets one is refused.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal

from saddle.bound import Count, Depth, Index, Positive, Several
from saddle.schedule import Schedule
from saddle.training.ema import EMA

PASSED_IN: dict[str, frozenset[str]] = {
    "data": frozenset({"seed", "accumulate"}),
    "architecture": frozenset(
        {"image_size", "channels", "classes", "conditional", "scale", "features", "outputs", "reconstructs"}
    ),
    "game": frozenset({"objective", "sizes"}),
    "callback": frozenset({"metrics"}),
}
"""By group, the parameters that the program passes in: seed, accumulated parts, sizes, the objective, and metrics."""

BESIDE_PARTS: dict[str, Any] = {
    "architecture.conditional": bool | Literal["auto"],
    "data.changed": Literal["refuse", "accept"],
}
"""Settings of a group that are of the run, and of no class that the group builds, with their types."""


@dataclass
class Training:
    """The group `training`. A setting with a default is newer than some runs, which go on with the default."""

    images: Count | None
    accumulate: Count
    executor: Literal["eager", "compiled"]
    block: Count
    channels_last: bool
    ema: EMA | None
    clip_norm: Mapping[str, Positive | None]
    schedule: Mapping[str, Schedule]
    beta2_schedule: Mapping[str, Schedule]
    freeze: Depth = 0
    cpu_seconds: Positive | None = None


def newer_settings() -> dict[str, Any]:
    """The settings of the group `training` that earlier versions lacked, with the values that their runs go on with."""
    return {field.name: field.default for field in fields(Training) if field.default is not MISSING}


@dataclass
class Checkpoints:
    """The settings `checkpoints`: when one is saved, how many stay, and what may change when a run is resumed."""

    every_images: Count
    keep: Several | None
    elastic: bool


@dataclass
class RunSettings:
    """All groups and settings at the top of a config; `saddle.config.check` checks the groups that are Any here."""

    data: Any  # with `changed`, which is of the run and not of the data's class
    architecture: Any
    loss: Any
    penalty: Any
    augmentation: Any
    game: Any
    metric: Any
    optimizer: Any
    training: Training
    callback: Any
    logger: Any
    trainer: Any
    checkpoints: Checkpoints
    seed: Index
    folder: str
    init: str | None
    resume: str | None
    objective: str | None
