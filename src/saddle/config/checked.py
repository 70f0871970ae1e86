"""A config whose names, types, ranges and combinations have been checked once. Later steps trust it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from saddle.config.fitting import Chosen
from saddle.config.limit import last_iteration
from saddle.config.node import Node

Settings = dict[str, Any]
"""Settings of a group as plain values."""


@dataclass(frozen=True)
class CheckedConfig:
    """The groups and settings of a run: parts that are built from a class as nodes, the others as plain values."""

    data: Node
    data_changed: Literal["refuse", "accept"]
    """What happens to a resumed run whose data has changed."""
    conditional: bool
    """Whether networks that can take labels do so."""
    networks: Mapping[str, Node]
    loss: Node
    penalty: Mapping[str, Node]
    augmentation: Mapping[str, Node]
    game: Node
    metric: Mapping[str, Node]
    optimizer: Settings
    training: Settings
    callback: Mapping[str, Settings]
    logger: Mapping[str, Settings]
    trainer: Settings
    checkpoints: Settings
    seed: int
    folder: str
    init: str | None
    """The run folder or checkpoint whose weights a new run begins with."""
    resume: str | None
    moved: Mapping[str, str]
    """The paths that the command line gives, by setting: a run that goes on remembers them."""
    objective: str | None
    second_objective: str | None = None
    """The other metric of a search for trade-offs; None in all other runs."""
    chosen: Chosen | None = None
    """What was chosen by the run's pictures and machine; None if nothing was."""
    is_job: bool = False
    """Whether the run is a job of a sweep."""

    def optimizer_of(self, turn: str | None) -> Settings:
        """The optimizer's settings that all turns share, overridden by those of `turn`; None: the shared ones alone."""
        shared = {name: value for name, value in self.optimizer.items() if not isinstance(value, dict)}
        if turn is None:
            return shared
        return {**shared, **self.optimizer.get(turn, {})}

    @property
    def batch_size(self) -> int:
        """Images in one part of an update, over all devices."""
        return int(self.data.settings["batch_size"])

    @property
    def rows(self) -> int:
        """Images in one iteration, over all devices and parts."""
        return self.batch_size * int(self.training["accumulate"])

    @property
    def last_iteration(self) -> int:
        """The iteration that ends the run; -1 if no limit is set. A trial by `trainer.fast_dev_run` has its own."""
        trial = int(self.trainer.get("fast_dev_run", 0))  # true is one iteration
        if trial:
            return trial
        return last_iteration(self.trainer["max_steps"], self.training["images"], self.rows)
