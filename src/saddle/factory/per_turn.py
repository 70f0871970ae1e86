"""Settings that each turn of a game has of its own: optimizers, schedules, clipping."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from saddle.config.signature import check
from saddle.error import InputError
from saddle.factory.instantiate import Config, make
from saddle.game.turn import Turn
from saddle.schedule import Schedule


def build_clip_norm(settings: Mapping[str, float | None], turns: tuple[Turn, ...]) -> dict[str, float | None]:
    """The clipping norm of each turn; None where nothing is clipped."""
    return _per_turn("training.clip_norm", settings, None, turns)


def build_schedules(path: str, settings: Mapping[str, Any], turns: tuple[Turn, ...]) -> dict[str, Schedule]:
    """The schedule of each turn; a constant one where nothing is said."""
    made = {name: make(f"{path}.{name}", node) for name, node in settings.items()}
    return _per_turn(path, made, Schedule(), turns)


def _per_turn(path: str, settings: Mapping[str, Any], neutral: Any, turns: tuple[Turn, ...]) -> dict[str, Any]:
    """An entry for each turn. Settings of other turns must be `neutral`, as they stand in the config for all games."""
    names = [turn.name for turn in turns]
    for name, value in settings.items():
        if value != neutral:
            _check_turn(path, name, names)
    return {name: settings.get(name, neutral) for name in names}


def _check_turn(path: str, name: str, names: list[str]) -> None:
    if name not in names:
        raise InputError(f"{path}.{name}: the game has no such turn; its turns are {', '.join(names)}")


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


def build_optimizers(config: Config, turns: tuple[Turn, ...]) -> dict[str, Callable[..., Optimizer]]:
    """For each turn a function of parameters that makes its optimizer; tried once on a parameter here.

    Settings directly under `optimizer` hold for every turn; `optimizer.TURN` holds what differs there.
    """
    node = config["optimizer"]
    names = [turn.name for turn in turns]
    shared = {key: value for key, value in node.items() if not isinstance(value, dict)}
    check("optimizer", shared, Optimizer)
    made = {}
    for name, value in node.items():
        if isinstance(value, dict) and any(shared.get(key, value) != value[key] for key in value):
            _check_turn("optimizer", name, names)
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
