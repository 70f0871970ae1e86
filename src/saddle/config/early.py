"""What is wrong with a config and can be seen without torch and Lightning, which take seconds to load.

The same sentences as `saddle.factory.run` says, which checks everything; here it is said sooner.
"""

from collections.abc import Mapping
from typing import Any

from saddle.config.consistency import check_architecture, check_once, check_trainer
from saddle.config.setting import (
    Parameters,
    check,
    check_parameters,
    check_prefix,
    is_group,
    kinds_of,
    members,
    not_built_here,
)
from saddle.config.source import descends, described
from saddle.config.trainer_flags import check_flags

_GROUPS = ("data", "architecture", "game", "optimizer", "training", "trainer")


def first_checked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Groups that others read: a bad value is named where it is set, not where it is read."""
    return {
        name: config[name] for name in ("checkpoints", "training", "loss", "penalty", "augmentation") if name in config
    }


def check_early(config: Mapping[str, Any]) -> None:
    """Raise InputError, naming the setting, for a name, type or range of `config` that is wrong, and for parts that
    contradict each other.
    """
    whole = all(isinstance(config.get(group), dict) for group in _GROUPS)  # else its kind is wrong: the classes tell
    if whole and "conditional" in config["architecture"]:  # a bad value is named where it is set, not where it is read
        check("architecture.conditional", config["architecture"]["conditional"], bool, _look)
    if isinstance(config.get("trainer"), dict):
        check_flags(config["trainer"])
    first = first_checked(config)
    check_parameters("", first | config, described("saddle.factory.run.Run"), _look)
    if whole:
        check_architecture(config)
        check_trainer(config["trainer"])
        check_once(config)
        _check_optimizers(config["optimizer"])


def _check_optimizers(node: dict[str, Any]) -> None:
    """The settings that all turns share, and with each turn's own."""
    shared = {name: value for name, value in node.items() if not isinstance(value, dict)}
    turns = {name: value for name, value in node.items() if isinstance(value, dict)}
    check("optimizer", shared, Any, _look)
    for name, own in turns.items():
        check(f"optimizer.{name}", {**shared, **own}, Any, _look)


def _look(path: str, node: dict[str, Any], expected: Any) -> Parameters | None:
    if "_target_" in node:
        check_prefix(path, node["_target_"])
        target, kinds = node["_target_"], kinds_of(expected)
        if not kinds and Any not in members(expected):
            raise not_built_here(path, target)
        return described(target) if not kinds or descends(target, kinds) else Parameters(target, {}, known=False)
    groups = (f"{kind.__module__}.{kind.__name__}" for kind in members(expected) if is_group(kind))
    return next(map(described, groups), None)
