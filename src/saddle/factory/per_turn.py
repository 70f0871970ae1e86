"""Settings that each turn of a game has of its own: optimizers, schedules, clipping."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from saddle.config.checked import CheckedConfig, Settings
from saddle.error import InputError
from saddle.factory.instantiate import make_plain
from saddle.game.turn import Turn
from saddle.schedule import Schedule

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


def build_clip_norm(settings: Mapping[str, float | None], turns: tuple[Turn, ...]) -> dict[str, float | None]:
    """The clipping norm of each turn; None where nothing is clipped."""
    return _per_turn("training.clip_norm", settings, None, turns)


def build_schedules(path: str, settings: Mapping[str, Settings], turns: tuple[Turn, ...]) -> dict[str, Schedule]:
    """The schedule of each turn; a constant one for turns without a setting."""
    schedules = {name: make_plain(f"{path}.{name}", node) for name, node in settings.items()}
    return _per_turn(path, schedules, Schedule(), turns)


def build_beta2_schedules(config: CheckedConfig, turns: tuple[Turn, ...]) -> dict[str, Schedule | None]:
    """The schedule of each turn's 1 - beta2; None where it is constant.

    Raises InputError for an optimizer without betas, and for a schedule by which beta2 reaches 1.
    """
    path = "training.beta2_schedule"
    schedules: dict[str, Schedule | None] = {}
    for name, schedule in build_schedules(path, config.training["beta2_schedule"], turns).items():
        if schedule == Schedule():
            schedules[name] = None
            continue
        settings = config.optimizer_of(name)
        if "betas" not in settings:
            raise InputError(f"{path}.{name}: {settings['_target_']} has no betas: use adam, or shape=constant")
        if schedule.shape != "constant" and schedule.final == 0:
            raise InputError(f"{path}.{name}.final=0.0 would end with beta2=1, where Adam stands still: use 0.1 or so")
        if schedule.warmup_images:
            raise InputError(f"{path}.{name}.warmup_images={schedule.warmup_images} would begin with beta2=1: use 0")
        schedules[name] = schedule
    return schedules


def build_optimizers(config: CheckedConfig, turns: tuple[Turn, ...]) -> dict[str, MakeOptimizer]:
    """For each turn a function of parameters that makes its optimizer.

    Raises InputError for settings of a turn that the game does not have, and for values that an optimizer refuses.
    """
    names = [turn.name for turn in turns]
    shared = config.optimizer_of(None)
    for name, own in config.optimizer.items():
        if isinstance(own, dict) and config.optimizer_of(name) != shared:
            _check_turn("optimizer", name, names)
    return {name: _build_optimizer(config, name) for name in names}


def _build_optimizer(config: CheckedConfig, turn: str) -> MakeOptimizer:
    """The function that makes the optimizer of a turn.

    It is tried on one parameter, to see values that are refused; this takes a second, because torch then imports its
    compiler. A resumed run keeps its optimizer, which was tried when the run began.
    """
    node = config.optimizer_of(turn)
    has_scaler = config.trainer["precision"] == "16-mixed"
    if "fused" in node and node["fused"] is None:
        node["fused"] = not has_scaler
    if node.get("fused") and has_scaler:
        raise InputError("optimizer.fused=True with trainer.precision=16-mixed would clip scaled gradients: use null")
    path = f"optimizer.{turn}" if config.optimizer.get(turn) else "optimizer"
    make_optimizer: MakeOptimizer = make_plain(path, node)
    if config.resume is None:
        _try(path, make_optimizer)
    return make_optimizer


def _try(path: str, make_optimizer: MakeOptimizer) -> None:
    """Raise InputError, naming the setting `path`, if the optimizer refuses its values."""
    try:
        make_optimizer([nn.Parameter(torch.zeros(1))])
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{path}: {error}") from error


def _per_turn(path: str, settings: Mapping[str, Any], neutral: Any, turns: tuple[Turn, ...]) -> dict[str, Any]:
    """An entry for each turn; raises InputError for an entry of another turn, unless it is `neutral`.

    The config has neutral entries for the turns of all games.
    """
    names = [turn.name for turn in turns]
    for name, value in settings.items():
        if value != neutral:
            _check_turn(path, name, names)
    return {name: settings.get(name, neutral) for name in names}


def _check_turn(path: str, name: str, names: list[str]) -> None:
    """Raise InputError unless `name` is one of the game's turns."""
    if name not in names:
        raise InputError(f"{path}.{name}: the game has no such turn; its turns are {', '.join(names)}")
