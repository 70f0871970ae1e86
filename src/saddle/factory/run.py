"""From a checked config to objects: the one place that instantiates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import Logger
from torch import nn

from saddle.augmentation.base import Augmentation
from saddle.bound import Count, Index, Positive, Several
from saddle.config.consistency import check_architecture, check_once, check_trainer, trainer_arguments
from saddle.config.early import first_checked
from saddle.config.limit import max_steps
from saddle.config.signature import check_parameters
from saddle.config.trainer_flags import check_flags
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.factory.compatibility import check_packing, check_pairing, check_sources
from saddle.factory.executor import EXECUTORS, check_executor, precision_warnings
from saddle.factory.instantiate import Config, make
from saddle.factory.networks import build_networks
from saddle.factory.per_turn import build_beta2_schedules, build_clip_norm, build_optimizers, build_schedules
from saddle.game.adversarial_objective import Penalty
from saddle.game.turn import Game
from saddle.loss.base import Loss
from saddle.schedule import Schedule
from saddle.seed import hashed_seed
from saddle.training.checkpoint import AtomicCheckpointIO
from saddle.training.data_module import GameDataModule
from saddle.training.ema import EMA
from saddle.training.module import GameModule

_NOT_RECORDED = ("folder", "resume", "trainer", "callback", "logger", "experiment", "checkpoints", "objective")


@dataclass
class Training:
    """The group `training`."""

    images: Count | None
    accumulate: Count
    executor: Literal["eager", "compiled"]
    block: Count
    channels_last: bool
    ema: EMA | None
    clip_norm: Mapping[str, Positive | None]
    schedule: Mapping[str, Schedule]
    beta2_schedule: Mapping[str, Schedule]


@dataclass
class Checkpoints:
    """The settings `checkpoints`, which `callback.checkpoint` reads; `elastic` is of resuming."""

    every_images: Count
    keep: Several | None
    elastic: bool


@dataclass
class Run:
    """The config's keys and what each of them builds; `build_optimizers` checks `optimizer`, turn by turn."""

    data: MemoryData
    architecture: Mapping[str, nn.Module | bool]
    loss: Loss
    penalty: Mapping[str, Penalty]
    augmentation: Mapping[str, Augmentation]
    game: Game
    optimizer: dict[str, Any]
    training: Training
    callback: Mapping[str, Callback]
    logger: Mapping[str, Logger]
    trainer: Trainer
    checkpoints: Checkpoints
    seed: Index
    folder: str
    resume: str | None
    objective: str | None


@dataclass
class Built:
    """What a run is made of."""

    module: GameModule
    data: MemoryData
    data_module: GameDataModule
    trainer: Trainer
    warnings: list[str] = field(default_factory=list)
    """What may go wrong with the chosen parts, a sentence each."""


def check_config(config: Config) -> None:
    """Raise InputError, naming the setting, if anything in the config is unknown, missing or out of range."""
    first = first_checked(config)
    if isinstance(config.get("trainer"), dict):
        check_flags(config["trainer"])
    check_parameters("", first | config, Run)
    check_architecture(config)
    check_trainer(config["trainer"])
    check_executor(config)
    check_once(config)


def build(config: Config, purge_step: int | None = None) -> Built:
    """Everything that a run needs, checked; no data is read.

    `purge_step` is the first iteration that TensorBoard shall forget on resume.
    """
    check_config(config)
    torch.manual_seed(hashed_seed(config["seed"], "weights"))
    game = make("game", config["game"])
    networks, nodes = build_networks(config, game)
    warnings = check_pairing(config, game) + precision_warnings(config["trainer"])
    data = make("data", config["data"])
    check_sources(data, game)
    data.check_size(data.size)
    data.check_memory()
    trainer = build_trainer(config, purge_step)
    if data.batch_size % trainer.world_size:
        raise InputError(f"data.batch_size={data.batch_size} must be a multiple of the {trainer.world_size} devices")
    check_packing(networks, game, data.batch_size, trainer.world_size)
    turns = game.turns()
    training = config["training"]
    module = GameModule(
        game,
        networks,
        optimizers=build_optimizers(config, turns),
        schedules=build_schedules("training.schedule", training["schedule"], turns),
        beta2_schedules=build_beta2_schedules(config, turns),
        clip_norm=build_clip_norm(training["clip_norm"], turns),
        rows=data.rows,
        seed=config["seed"],
        accumulate=training["accumulate"],
        ema=None if training["ema"] is None else make("training.ema", training["ema"]),
        record=_record(config, nodes),
        make_executor=EXECUTORS[training["executor"]],
    )
    if training["channels_last"]:
        module.to(memory_format=torch.channels_last)
    if str(config["trainer"]["precision"]) in ("64-true", "64"):
        module.double()  # before a checkpoint is read, or its weights would pass through float32
    return Built(module, data, GameDataModule(data, training["block"]), trainer, warnings)


def _record(config: Config, networks: Mapping[str, Config]) -> Config:
    """What a resumed run must keep: all settings but those that may change, and its `networks` as they were built."""
    kept = {name: value for name, value in config.items() if name not in _NOT_RECORDED}
    kept["training"] = {name: value for name, value in kept["training"].items() if name not in ("images", "block")}
    return {**kept, "architecture": {"conditional": config["architecture"]["conditional"], **networks}}


def build_trainer(config: Config, purge_step: int | None = None) -> Trainer:
    """The Trainer with its callbacks and loggers; it ends at the first of its limits and `training.images`."""
    callbacks = [make(f"callback.{name}", node) for name, node in config["callback"].items()]
    loggers = []
    for name, node in config["logger"].items():
        extra = {"purge_step": purge_step} if node["_target_"].endswith(".TensorBoardLogger") else {}
        loggers.append(make(f"logger.{name}", node, **extra))
    return make(
        "trainer",
        {**trainer_arguments(config["trainer"]), "max_steps": max_steps(config)},
        callbacks=callbacks,
        logger=loggers or False,
        enable_checkpointing=any(isinstance(callback, Checkpoint) for callback in callbacks),  # none of Lightning's own
        plugins=[AtomicCheckpointIO()],
    )
