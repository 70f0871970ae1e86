"""The parts of a run that need torch alone: data, game, networks and optimizers. Lightning is not loaded here."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from saddle.architecture.base import Network
from saddle.config.checked import CheckedConfig, Settings
from saddle.config.node import Node
from saddle.data.memory import MemoryData
from saddle.factory.compatibility import Choice, accumulation_warnings, check_compatible
from saddle.factory.data import data_node
from saddle.factory.executor import check_executor, chosen_precision, precision_warnings
from saddle.factory.frozen import freeze, freeze_warnings
from saddle.factory.game import build_game
from saddle.factory.instantiate import make
from saddle.factory.metrics import build_metrics, check_in_training
from saddle.factory.networks import build_networks
from saddle.factory.per_turn import (
    MakeOptimizer,
    build_beta2_schedules,
    build_clip_norm,
    build_optimizers,
    build_schedules,
)
from saddle.factory.trial import try_metrics, try_parts
from saddle.game.turn import DataSizes, Game
from saddle.metric.measure import Metrics
from saddle.schedule import Schedule
from saddle.seed import hashed_seed

_MAY_CHANGE = ("images", "cpu_seconds", "block")
"""Settings of `training` that a record leaves out: they may change when the run is resumed."""


@dataclass(frozen=True)
class Parts:
    """The parts of a run that need no Lightning. Optimizers, schedules and norms are by turn, networks by name."""

    data: MemoryData
    game: Game
    networks: Mapping[str, Network]
    optimizers: Mapping[str, MakeOptimizer]
    schedules: Mapping[str, Schedule]
    beta2_schedules: Mapping[str, Schedule | None]
    clip_norm: Mapping[str, float | None]
    precision: str
    """The Trainer's, chosen if the config leaves it to the machine."""
    metrics: Metrics
    """What training measures, by option of the group `metric`."""
    record: Settings
    """The settings that a resumed run must keep, for the checkpoint."""
    warnings: list[str]
    """A sentence about each choice that is known to go wrong."""

    @property
    def is_double(self) -> bool:
        """Whether weights are in double precision."""
        return self.precision in ("64-true", "64")


def build_parts(config: CheckedConfig) -> Parts:
    """Build and compare the parts of a run; no data is read.

    Raises InputError, naming the setting, for parts that cannot be built or do not go together.
    """
    check_executor(config)
    complete_data = data_node(config)
    data: MemoryData = make(complete_data)
    torch.manual_seed(hashed_seed(config.seed, "weights"))
    game = build_game(config.game, config.loss, config.penalty, config.augmentation, sizes_of(data))
    networks, nodes = build_networks(config, game, data)
    settings = {name: node.settings for name, node in nodes.items()}
    choice = Choice(config.game.option, config.loss.option, config.data.option, settings)
    freeze(networks, config.training["freeze"], config.game.option)
    warnings = check_compatible(game, networks, data, choice)
    warnings += freeze_warnings(config.training["freeze"], config.init)
    warnings += accumulation_warnings(game, networks, choice, config.batch_size, config.training["accumulate"])
    others = [config.loss, *config.penalty.values(), *config.augmentation.values(), config.game]
    warnings += try_parts([*nodes.values(), *others], game, networks, data)
    metrics = build_metrics(config.metric)
    check_in_training(metrics, game)
    try_metrics(config.metric, metrics, data)
    turns = game.turns()
    parts = Parts(
        data,
        game,
        networks,
        optimizers=build_optimizers(config, turns),
        schedules=build_schedules("training.schedule", config.training["schedule"], turns),
        beta2_schedules=build_beta2_schedules(config, turns),
        clip_norm=build_clip_norm(config.training["clip_norm"], turns),
        precision=chosen_precision(config.trainer, networks.values()),
        metrics=metrics,
        record=_record(config, complete_data, nodes),
        warnings=[*warnings, *precision_warnings(config.trainer)],
    )
    data.check_size(data.size)
    data.check_memory()
    return parts


def sizes_of(data: MemoryData) -> DataSizes:
    """The sizes of a data set that games need; a data set of points has no channels."""
    return DataSizes(channels=getattr(data, "channels", 0), image_size=data.image_size, classes=data.classes)


def _record(config: CheckedConfig, data: Node, networks: Mapping[str, Node]) -> Settings:
    """What a resumed run must keep: all settings but those that may change, each part with all of its arguments.

    The order is that in which differences are reported: what follows from other settings comes last.
    """
    return {
        "seed": config.seed,
        "loss": config.loss.plain(),
        "penalty": _plain(config.penalty),
        "augmentation": _plain(config.augmentation),
        "game": config.game.plain(),
        "optimizer": config.optimizer,
        "training": {name: value for name, value in config.training.items() if name not in _MAY_CHANGE},
        "data": data.plain(),
        "architecture": {"conditional": config.conditional, **_plain(networks)},
    }


def _plain(nodes: Mapping[str, Node]) -> Settings:
    """Nodes as they stand in a config, by name."""
    return {name: node.plain() for name, node in nodes.items()}
