"""The one check of a composed config, in the order in which people make mistakes: names first, combinations last."""

from collections.abc import Sequence
from typing import Any

from torch.optim import Optimizer

from saddle.architecture.base import Network
from saddle.config.consistency import check_architecture, check_kinds, check_labels, check_read, networks_of
from saddle.config.schema import PASSED_IN, RunSettings
from saddle.config.signature import signature_of
from saddle.config.trainer_flags import check_trainer
from saddle.config.validate import check, check_without_lightning, unknown_setting
from saddle.error import InputError

_CHECKED_BY_ENTRY = ("architecture", "callback", "logger", "optimizer", "trainer")


def check_config(values: dict[str, Any], overrides: Sequence[str]) -> None:
    """Raise InputError, naming the setting, unless a run can be built from `values`.

    Callbacks and loggers from outside of saddle are checked when they are built, because their classes load Lightning.
    """
    _check_groups(values)
    check_architecture(values["architecture"])
    for name in _CHECKED_BY_ENTRY:
        if not isinstance(values[name], dict):
            raise InputError(f"{name}={values[name]}: expected settings by name; choose a file of that group")
    check_trainer(values["trainer"])
    _check_parts(values)
    _check_optimizers(values["optimizer"])
    for group in ("callback", "logger"):
        for name, node in values[group].items():
            check_without_lightning(f"{group}.{name}", node)
    check_read(values, overrides)
    check_kinds(values)
    check_labels(values)


def _check_groups(values: dict[str, Any]) -> None:
    """Raise InputError for a group or setting at the top that is unknown or missing."""
    known = list(signature_of(RunSettings).types)
    for name in values:
        if name not in known:
            raise InputError(unknown_setting(name, name, known))
    for name in known:
        if name not in values:
            raise InputError(f"{name} is missing: it has no default")


def _check_parts(values: dict[str, Any]) -> None:
    settings = signature_of(RunSettings)
    for name, value in values.items():
        if name not in _CHECKED_BY_ENTRY:
            check(name, value, settings.types[name], PASSED_IN.get(name, frozenset()))
    for name, node in networks_of(values["architecture"]).items():
        passed_in = PASSED_IN["architecture"]
        if name != "generator":  # the others follow the generator's
            passed_in |= {"latent_dim"}
        check(f"architecture.{name}", node, Network, passed_in)


def _check_optimizers(node: dict[str, Any]) -> None:
    """Settings directly under `optimizer` hold for every turn; `optimizer.TURN` holds what differs there."""
    shared = {name: value for name, value in node.items() if not isinstance(value, dict)}
    check("optimizer", shared, Optimizer)
    for name, own in node.items():
        if isinstance(own, dict):
            check(f"optimizer.{name}", {**shared, **own}, Optimizer)
