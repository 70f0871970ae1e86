"""From overrides to a checked config."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

import saddle.config.resolver  # noqa: F401
from saddle.config.limit import last_iteration
from saddle.config.location import config_folder
from saddle.config.message import one_sentence, sentence_of
from saddle.error import InputError

Node = dict[str, Any]
"""The settings of one part, as plain values."""


@dataclass(frozen=True)
class CheckedConfig:
    """A composed config whose names, types, ranges and combinations were checked, once. What follows trusts it."""

    data: Node
    architecture: Node
    loss: Node
    penalty: dict[str, Node]
    augmentation: dict[str, Node]
    game: Node
    optimizer: Node
    training: Node
    callback: dict[str, Node]
    logger: dict[str, Node]
    trainer: Node
    checkpoints: Node
    seed: int
    folder: str
    resume: str | None
    objective: str | None

    @property
    def batch_size(self) -> int:
        """Images in one part of an update, over all devices."""
        return int(self.data["batch_size"])

    @property
    def rows(self) -> int:
        """Images in one iteration, over all devices and parts."""
        return self.batch_size * int(self.training["accumulate"])

    @property
    def last_iteration(self) -> int:
        """The iteration that ends the run; -1 if no limit is set."""
        return last_iteration(self.trainer["max_steps"], self.training["images"], self.rows)


def compose(overrides: Sequence[str]) -> CheckedConfig:
    """The config that these overrides make, checked; raises InputError. Its folder is the current one."""
    with one_sentence(overrides), hydra.initialize_config_dir(config_folder(), version_base="1.3"):
        composed = hydra.compose("train", ["folder=.", *overrides])
        return checked(composed, overrides)


def checked(config: DictConfig, overrides: Sequence[str] = ()) -> CheckedConfig:
    """The composed config as plain values, resolved and checked.

    Raises InputError for a value that is missing or cannot be resolved, for a setting that is unknown or out of range,
    for settings that contradict each other, and for an override of a part that the chosen game does not use.
    """
    from saddle.config.check import check_config  # imports torch

    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True, enum_to_str=True)
    except OmegaConfBaseException as error:
        raise InputError(sentence_of(str(error))) from error
    assert isinstance(plain, dict)
    values = {str(name): value for name, value in plain.items() if name != "experiment"}
    check_config(values, overrides)
    return CheckedConfig(**values)
