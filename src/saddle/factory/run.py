"""Builds a run: Lightning's Trainer with its callbacks and loggers, and the module that plays the game."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import Logger

from saddle.callback.budget import Budget
from saddle.callback.hook import GameTrainer
from saddle.callback.watching import make_patient
from saddle.config.check import check_lightning_parts
from saddle.config.checked import CheckedConfig, Settings
from saddle.config.options import takes
from saddle.config.signature import import_target
from saddle.config.trainer_flags import trainer_arguments
from saddle.data.memory import MemoryData
from saddle.error import InputError, first_line
from saddle.factory.compatibility import check_packing, check_rows
from saddle.factory.instantiate import make_plain
from saddle.factory.parts import Parts, build_parts
from saddle.factory.processes import OwnProcesses, environments
from saddle.metric.measure import Metrics
from saddle.rank import own_rank
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.compiled import Compiled, period
from saddle.training.data_module import GameDataModule
from saddle.training.eager import Eager
from saddle.training.module import GameModule

EXECUTORS = {"eager": Eager, "compiled": Compiled}


@dataclass(frozen=True)
class Run:
    """The arguments of `trainer.fit`, and the parts from which they were built."""

    module: GameModule
    data_module: GameDataModule
    trainer: GameTrainer
    parts: Parts

    @property
    def data(self) -> MemoryData:
        """The data set."""
        return self.parts.data

    @property
    def further_ranks(self) -> int:
        """The number of processes that this one is to start."""
        environment = getattr(self.trainer.strategy, "cluster_environment", None)
        if own_rank() > 0 or not isinstance(environment, OwnProcesses):
            return 0
        return self.trainer.num_devices - 1

    @property
    def port(self) -> int:
        """The port of this machine at which the processes meet."""
        environment = getattr(self.trainer.strategy, "cluster_environment", None)
        assert isinstance(environment, OwnProcesses)
        return environment.main_port

    @property
    def warnings(self) -> list[str]:
        """A sentence about each choice that is known to go wrong."""
        return self.parts.warnings


def build(config: CheckedConfig) -> Run:
    """The run of a config; no data is read. Raises InputError, naming the setting."""
    return build_run(config, build_parts(config))


def build_run(config: CheckedConfig, parts: Parts, purge_step: int | None = None) -> Run:
    """The run of these parts. `purge_step` is the first iteration whose events TensorBoard drops on resume.

    Raises InputError, naming the setting, for a batch that the devices cannot share, and for what Lightning refuses.
    """
    config = replace(config, trainer={**config.trainer, "precision": parts.precision})
    trainer = build_trainer(config, parts.metrics, purge_step)
    batch_size, devices = config.batch_size, trainer.world_size
    if batch_size % devices:
        raise InputError(f"data.batch_size={batch_size} must be a multiple of the {devices} devices")
    if devices > 1 and config.training["cpu_seconds"] is not None:
        raise InputError(
            f"training.cpu_seconds counts the seconds of one process, and trainer.devices starts {devices}: use "
            "training.images"
        )
    check_packing(parts.networks, parts.game, batch_size, devices, config.game.option)
    check_rows(parts.networks, batch_size, devices)
    training = config.training
    if training["executor"] == "compiled":
        period(parts.game)  # raises InputError for a game without a period
    module = GameModule(
        parts.game,
        parts.networks,
        optimizers=parts.optimizers,
        schedules=parts.schedules,
        beta2_schedules=parts.beta2_schedules,
        clip_norm=parts.clip_norm,
        rows=parts.data.rows,
        seed=config.seed,
        accumulate=training["accumulate"],
        ema=None if training["ema"] is None else make_plain("training.ema", training["ema"]),
        record=parts.record,
        label_shares=parts.data.label_shares if _takes_labels(parts) else None,
        make_executor=EXECUTORS[training["executor"]],
        has_budget=training["cpu_seconds"] is not None,
    )
    data_module = GameDataModule(parts.data, training["block"], may_change=config.data_changed == "accept")
    if training["channels_last"]:
        module.to(memory_format=torch.channels_last)
    if parts.is_double:
        module.double()  # before a checkpoint is loaded, lest its weights pass through float32
    return Run(module, data_module, trainer, parts)


def _takes_labels(parts: Parts) -> bool:
    """Whether the generator takes labels."""
    generator = parts.networks.get("generator")
    return generator is not None and generator.classes > 0


def build_trainer(config: CheckedConfig, metrics: Metrics, purge_step: int | None = None) -> GameTrainer:
    """The Trainer with its callbacks and loggers; it stops at the first of its limits and those of `training`.

    A callback whose class takes `metrics` receives them.

    Raises InputError, naming the setting, for values that Lightning refuses.
    """
    check_lightning_parts(config)
    callbacks: list[Callback] = []
    if config.training["cpu_seconds"] is not None:  # first, so that the others see the end in the same iteration
        callbacks.append(Budget(config.training["cpu_seconds"]))
    for name, node in config.callback.items():
        callbacks.append(_build(f"callback.{name}", node, {"metrics": metrics}))
    make_patient(callbacks)
    loggers: list[Logger] = []
    for name, node in config.logger.items():
        is_tensorboard = node["_target_"].endswith((".TensorBoard", ".TensorBoardLogger"))
        settings = {**node, "purge_step": purge_step} if is_tensorboard else node
        loggers.append(_build(f"logger.{name}", settings, {}))
    arguments = {**trainer_arguments(config.trainer), "max_steps": config.last_iteration}
    has_checkpoint = any(isinstance(callback, Checkpoint) for callback in callbacks)  # else Lightning adds its own
    try:
        trainer = Trainer(
            **arguments,
            callbacks=callbacks,
            logger=loggers or False,
            enable_checkpointing=has_checkpoint,
            plugins=[AtomicCheckpointIO(), *environments()],
        )
    except (ValueError, TypeError, OverflowError, RuntimeError, MisconfigurationException) as error:
        reason = first_line(error)
        raise InputError(f"trainer: {reason}") from error
    return cast(GameTrainer, trainer)


def _build(path: str, settings: Settings, offered: Mapping[str, Any]) -> Any:
    """A callback or logger, with those of the `offered` arguments that its class takes.

    Raises InputError if Lightning refuses its settings.
    """
    target = import_target(path, settings["_target_"])
    passed_in = {name: value for name, value in offered.items() if takes(target, name)}
    try:
        return make_plain(path, settings, passed_in)
    except ModuleNotFoundError as error:
        name = path.rpartition(".")[2]
        raise InputError(
            f"{path}: its package is not installed: use pip install '.[{name}]', or leave it out"
        ) from error
    except MisconfigurationException as error:
        raise InputError(f"{path}: {first_line(error)}") from error
