"""From a checked config to objects: the one place that instantiates."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import Logger
from torch import nn
from torch.optim import Optimizer

from saddle.augmentation.base import Augmentation
from saddle.bound import Count, Index, Positive
from saddle.cli.limit import max_steps
from saddle.cli.pairing import check_pairing, check_reads, with_head_bias
from saddle.cli.schema import check, check_parameters
from saddle.cli.sound import check_architecture, check_once, check_trainer, trainer_arguments
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.game.adversarial import Penalty
from saddle.game.turn import Game, Turn
from saddle.loss.base import Loss
from saddle.schedule import Schedule
from saddle.seed import hashed_seed
from saddle.training.checkpoint import AtomicCheckpointIO
from saddle.training.ema import EMA
from saddle.training.module import GameModule

Config = dict[str, Any]
"""A composed and resolved config, of plain values."""

_NOT_RECORDED = ("folder", "resume", "trainer", "callback", "logger", "experiment", "checkpoints", "figure")


@dataclass
class Training:
    """The group `training`."""

    images: Count | None
    accumulate: Count
    ema: EMA | None
    clip_norm: Mapping[str, Positive | None]
    schedule: Mapping[str, Schedule]
    beta2_schedule: Mapping[str, Schedule]


@dataclass
class Checkpoints:
    """The settings `checkpoints`, which `callback.checkpoint` reads."""

    every_images: Count
    keep: Count | None


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
    figure: str | None


@dataclass
class Built:
    """What a run is made of."""

    module: GameModule
    data: MemoryData
    trainer: Trainer
    warnings: list[str] = field(default_factory=list)
    """What may go wrong with the chosen parts, a sentence each."""


def check_config(config: Config) -> None:
    """Raise InputError, naming the setting, if anything in the config is unknown, missing or out of range."""
    first = {"checkpoints": config.get("checkpoints", {})}  # a bad value is named where it is set, not where it is read
    check_parameters("", first | config, Run)
    check_architecture(config)
    check_trainer(config["trainer"])
    check_once(config)


def build(config: Config, purge_step: int | None = None) -> Built:
    """Everything that a run needs, checked; no data is read.

    `purge_step` is the first iteration that TensorBoard shall forget on resume.
    """
    check_config(config)
    torch.manual_seed(hashed_seed(config["seed"], "weights"))
    game = make("game", config["game"])
    networks = build_networks(config, game)
    check_reads(networks["generator"], game)
    warnings = check_pairing(config, game)
    data = make("data", config["data"])
    data.check_size(data.size)
    trainer = build_trainer(config, purge_step)
    if data.batch_size % trainer.world_size:
        raise InputError(f"data.batch_size={data.batch_size} must be a multiple of the {trainer.world_size} devices")
    turns = game.turns()
    training = config["training"]
    module = GameModule(
        game,
        networks,
        optimizers=build_optimizers(config, turns),
        schedules=build_schedules("training.schedule", training["schedule"], turns),
        beta2_schedules=build_beta2_schedules(config, turns),
        clip_norm=per_turn("training.clip_norm", training["clip_norm"], turns),
        rows=data.rows,
        seed=config["seed"],
        accumulate=training["accumulate"],
        ema=None if training["ema"] is None else make("training.ema", training["ema"]),
        record=_record(config),
    )
    if config["trainer"]["precision"] in ("64-true", "64"):
        module.double()  # before a checkpoint is read, or its weights would pass through float32
    return Built(module, data, trainer, warnings)


def _record(config: Config) -> Config:
    """What a resumed run must keep: all settings but those that may change."""
    kept = {name: value for name, value in config.items() if name not in _NOT_RECORDED}
    return {**kept, "training": {name: value for name, value in kept["training"].items() if name != "images"}}


def build_networks(config: Config, game: Game) -> dict[str, nn.Module]:
    """The networks that the game needs, by name."""
    missing = [name for name in game.needs if name not in config["architecture"]]
    if missing:
        raise InputError(f"architecture.{missing[0]} is missing: game={type(game).__name__} needs it")
    nodes = {name: with_head_bias(config["architecture"][name], game) for name in game.needs}
    return {name: make(f"architecture.{name}", node) for name, node in nodes.items()}


def per_turn(path: str, settings: Mapping[str, Any], turns: tuple[Turn, ...]) -> Mapping[str, Any]:
    """`settings`, which must have one entry for each turn and no other."""
    names = [turn.name for turn in turns]
    for name in names:
        if name not in settings:
            raise InputError(f"{path}.{name} is missing: the game has that turn")
    _check_turns(path, settings, names)
    return settings


def build_schedules(path: str, settings: Mapping[str, Any], turns: tuple[Turn, ...]) -> dict[str, Schedule]:
    """The schedule of each turn."""
    return {name: make(f"{path}.{name}", node) for name, node in per_turn(path, settings, turns).items()}


def build_beta2_schedules(config: Config, turns: tuple[Turn, ...]) -> dict[str, Schedule | None]:
    """The schedule of each turn's 1 - beta2, None where it stays; InputError for an optimizer that has no betas."""
    path = "training.beta2_schedule"
    found = build_schedules(path, config["training"]["beta2_schedule"], turns)
    for name, schedule in found.items():
        betas = {**config["optimizer"], **config["optimizer"].get(name, {})}.get("betas")
        if schedule != Schedule() and betas is None:
            raise InputError(
                f"{path}.{name}: {config['optimizer']['_target_']} has no betas: use adam, or shape=constant"
            )
        if schedule.shape != "constant" and schedule.final == 0:
            raise InputError(f"{path}.{name}.final=0.0 would end with beta2=1, where Adam stands still: use 0.1 or so")
        if schedule.warmup_images:
            raise InputError(f"{path}.{name}.warmup_images={schedule.warmup_images} would begin with beta2=1: use 0")
    return {name: None if schedule == Schedule() else schedule for name, schedule in found.items()}


def _check_turns(path: str, given: Iterable[str], names: list[str]) -> None:
    for name in given:
        if name not in names:
            raise InputError(f"{path}.{name}: the game has no such turn; its turns are {', '.join(names)}")


def build_optimizers(config: Config, turns: tuple[Turn, ...]) -> dict[str, Callable[..., Optimizer]]:
    """For each turn a function of parameters that makes its optimizer; tried once on a parameter here.

    Settings directly under `optimizer` hold for every turn; `optimizer.TURN` holds what differs there.
    """
    node = config["optimizer"]
    names = [turn.name for turn in turns]
    shared = {key: value for key, value in node.items() if not isinstance(value, dict)}
    check("optimizer", shared, Optimizer)
    made = {}
    _check_turns("optimizer", [name for name, value in node.items() if isinstance(value, dict)], names)
    for name in names:
        entry = {**shared, **node.get(name, {})}
        if "fused" in entry and entry["fused"] is None:
            entry["fused"] = config["trainer"]["precision"] != "16-mixed"
        if entry.get("fused") and config["trainer"]["precision"] == "16-mixed":
            raise InputError(
                "optimizer.fused=True with trainer.precision=16-mixed would clip scaled gradients: use null"
            )
        path = f"optimizer.{name}" if node.get(name) else "optimizer"
        check(path, entry, Optimizer)
        made[name] = make(path, entry)
        try:
            made[name]([nn.Parameter(torch.zeros(1))])
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path}: {error}") from error
    return made


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
        plugins=[AtomicCheckpointIO()],
    )


def make(path: str, node: Config, **injected: Any) -> Any:
    """The object that a checked config node describes; a value that its constructor refuses is named by `path`."""
    try:
        return instantiate(node, _convert_="all", **injected)
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | TypeError | MisconfigurationException):
            reason = str(error.__cause__).splitlines()[0]
            raise InputError(reason if reason.startswith(f"{path}.") else f"{path}: {reason}") from error
        raise
