"""The one check of a composed config, in the order in which people make mistakes: names first, combinations last."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch.optim import Optimizer

from saddle.architecture.base import Discriminator, Encoder, Generator, Network
from saddle.augmentation.base import Augmentation
from saddle.config.checked import CheckedConfig
from saddle.config.consistency import check_kinds, check_labels, check_read
from saddle.config.guess import UnknownSettingError
from saddle.config.labels import takes_labels
from saddle.config.node import Node
from saddle.config.place import moved_in
from saddle.config.schema import BESIDE_PARTS, PASSED_IN, RunSettings, newer_settings
from saddle.config.signature import import_target, signature_of
from saddle.config.trainer_flags import check_trainer
from saddle.config.validate import check, check_with_lightning, check_without_lightning
from saddle.data.memory import MemoryData
from saddle.error import InputError
from saddle.game.turn import Game
from saddle.loss.base import Loss
from saddle.metric.base import Metric, PointMetric
from saddle.penalty.base import Penalty

_GROUPS = ("architecture", "penalty", "augmentation", "metric", "callback", "logger", "optimizer", "trainer")
"""Groups that hold settings by name."""

_CHECKED_FIRST = ("seed", "folder", "init", "resume", "objective", "training", "checkpoints")
"""Groups and settings that are checked before those that copy them."""

_BUILT = ("data", "architecture", "loss", "penalty", "augmentation", "game", "metric")
"""Groups that a CheckedConfig holds as nodes."""


def check_config(values: dict[str, Any], overrides: Sequence[str]) -> CheckedConfig:
    """The checked config of these plain values; raises InputError, naming the setting, for the first mistake.

    `overrides` are those of the command line. Callbacks and loggers from outside of saddle are checked later
    (`check_lightning_parts`).
    """
    _check_names(values)
    settings = signature_of(RunSettings)
    for name in _CHECKED_FIRST:
        check(name, values[name], settings.types[name])
    values["training"] = {**newer_settings(), **values["training"]}
    check_trainer(values["trainer"])
    plain = {name: value for name, value in values.items() if name not in _BUILT}
    networks = _networks(values["architecture"])
    data = checked_node("data", _data(values), MemoryData, PASSED_IN["data"])
    game = checked_node("game", values["game"], Game, PASSED_IN["game"])
    config = CheckedConfig(
        conditional=takes_labels(values),
        networks=networks,
        data=data,
        data_changed=values["data"]["changed"],
        loss=checked_node("loss", values["loss"], Loss),
        penalty=checked_nodes("penalty", values["penalty"], Penalty),
        augmentation=checked_nodes("augmentation", values["augmentation"], Augmentation),
        game=game,
        metric=checked_nodes("metric", values["metric"], Metric | PointMetric),
        moved=moved_in(overrides),
        **plain,
    )
    _check_optimizers(config)
    for group in ("callback", "logger"):
        for name, node in values[group].items():
            check_without_lightning(group, name, node, _passed_in(group))
    check_read(config, overrides)
    check_kinds(config)
    check_labels(config)
    return config


def _data(values: dict[str, Any]) -> Any:
    """The settings of the data's class; raises InputError for a wrong `data.changed`, which is of the run."""
    if not isinstance(values["data"], dict):
        return values["data"]
    values["data"].setdefault("changed", "refuse")
    check("data.changed", values["data"]["changed"], BESIDE_PARTS["data.changed"])
    return {name: value for name, value in values["data"].items() if name != "changed"}


def check_lightning_parts(config: CheckedConfig) -> None:
    """Raise InputError for a callback or logger that its class, which loads Lightning, refuses."""
    import saddle.compat  # noqa: F401  isort: skip
    from lightning.pytorch.callbacks import Callback
    from lightning.pytorch.loggers import Logger

    for name, node in config.callback.items():
        check_with_lightning("callback", name, node, Callback, _passed_in("callback"))
    for name, node in config.logger.items():
        check_with_lightning("logger", name, node, Logger, _passed_in("logger"))


def checked_node(path: str, values: Any, kind: Any, passed_in: frozenset[str] = frozenset()) -> Node:
    """The node of these plain values; raises InputError, naming the setting, unless they can build a `kind`.

    `passed_in` names parameters that the program itself passes to the class, so that a config may not set them.
    """
    check(path, values, kind, passed_in)
    settings = {name: value for name, value in values.items() if name != "_target_"}
    return Node(path, import_target(path, values["_target_"]), settings)


def checked_nodes(group: str, values: Mapping[str, Any], kind: Any) -> dict[str, Node]:
    """The nodes of a group that holds several, by name; raises InputError as `checked_node`."""
    return {name: checked_node(f"{group}.{name}", node, kind) for name, node in values.items()}


def _passed_in(group: str) -> frozenset[str]:
    """The parameters that the program passes to the classes of a group."""
    return PASSED_IN.get(group, frozenset())


def _check_names(values: dict[str, Any]) -> None:
    """Raise InputError for a group or setting at the top that is unknown, missing, or of the wrong kind."""
    known = list(signature_of(RunSettings).types)
    for name in values:
        if name not in known:
            raise UnknownSettingError(name, known)
    for name in known:
        if name not in values:
            raise InputError(f"{name} is missing: it has no default")
    for name in _GROUPS:
        if not isinstance(values[name], dict):
            raise InputError(f"{name}={values[name]}: expected settings by name; choose a file of that group")


def _networks(architecture: dict[str, Any]) -> dict[str, Node]:
    """The nodes of the networks by name; raises InputError for one that cannot be built."""
    networks: dict[str, Node] = {}
    for name, values in architecture.items():
        if name == "conditional":
            continue
        if not isinstance(values, dict):
            raise InputError(
                f"architecture.{name}={values}: expected a network: choose all of them by architecture=NAME, and "
                f"change settings below this, as architecture.{name}.NAME=VALUE"
            )
        passed_in = PASSED_IN["architecture"]
        if name != "generator":  # the latents of the others are the generator's
            passed_in |= {"latent_dim"}
        networks[name] = checked_node(f"architecture.{name}", values, _kind_of(name), passed_in)
    return networks


def _kind_of(name: str) -> type[Network]:
    """What a network of that name is derived from: `source_discriminator` is a Discriminator."""
    return {"generator": Generator, "discriminator": Discriminator, "encoder": Encoder}.get(
        name.rpartition("_")[2], Network
    )


def _check_optimizers(config: CheckedConfig) -> None:
    """Raise InputError unless each turn's optimizer can be built.

    Settings directly under `optimizer` hold for every turn; `optimizer.TURN` holds what differs there.
    """
    for name in config.training["schedule"]:
        if not isinstance(config.optimizer.get(name, {}), dict):
            value = config.optimizer[name]
            raise InputError(f"optimizer.{name}={value}: settings by name are expected, as optimizer.{name}.lr=0.001")
    check("optimizer", config.optimizer_of(None), Optimizer)
    for name, own in config.optimizer.items():
        if isinstance(own, dict):
            check(f"optimizer.{name}", config.optimizer_of(name), Optimizer)
