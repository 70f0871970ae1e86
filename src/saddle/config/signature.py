"""The config's schema: the signatures of what it builds.

Every `_target_` must be one of ours, of torch's optimizers or of Lightning's parts, and of the kind its place asks
for; every key must be a real parameter of it, every value of the parameter's type and in its range
(`saddle.config.setting`). Nothing is built here, and no data is read.
"""

import importlib
import inspect
from typing import Any, get_type_hints

import saddle.compat  # noqa: F401  isort: skip
from torch.optim import Optimizer

from saddle.config import setting
from saddle.config.setting import (
    PREFIXES,
    Parameters,
    check_prefix,
    is_group,
    kinds_of,
    members,
    not_built_here,
    parameters_of,
)
from saddle.error import InputError

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def check(path: str, value: Any, expected: Any) -> None:
    """Raise InputError, naming the setting, unless `value` (plain YAML values) is fit to build an `expected`."""
    setting.check(path, value, expected, _look)


def check_parameters(path: str, values: dict[str, Any], target: type) -> None:
    """Raise InputError unless `values` are real parameters of `target`, of the right types, and none is missing."""
    setting.check_parameters(path, values, described(target), _look)


def resolve_target(path: str, name: Any) -> type:
    """The class that a `_target_` names, from saddle, torch.optim or lightning.pytorch."""
    check_prefix(path, name)
    module, _, attribute = name.rpartition(".")
    if not all(part.isidentifier() for part in name.split(".")):
        raise InputError(f"{path}._target_={name}: this is no name of a class")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{path}._target_={name}: there is no such class") from error
    if not inspect.isclass(target):
        raise InputError(f"{path}._target_={name}: this is not a class")
    if not f"{target.__module__}.".startswith(PREFIXES):  # that a module of ours imports from elsewhere
        raise InputError(f"{path}._target_={name}: only classes below {', '.join(PREFIXES)} are built")
    return target


def described(target: type) -> Parameters:
    """What the constructor of `target` takes."""
    known = {name: p for name, p in inspect.signature(target).parameters.items() if p.kind not in _VARIADIC}
    try:
        hints = get_type_hints(target.__init__, include_extras=True)
    except NameError:  # of a package that is not installed
        hints = {}
    types = {name: hints.get(name, Any) for name in known}
    required = {name for name, parameter in known.items() if parameter.default is inspect.Parameter.empty}
    return parameters_of(target.__name__, types, required, issubclass(target, Optimizer))


def _look(path: str, node: dict[str, Any], expected: Any) -> Parameters | None:
    if "_target_" not in node:
        return next((described(kind) for kind in members(expected) if is_group(kind)), None)
    target = resolve_target(path, node["_target_"])
    kinds = kinds_of(expected)
    if not kinds:
        raise not_built_here(path, node["_target_"])
    if not issubclass(target, kinds):
        raise InputError(f"{path}._target_={node['_target_']}: expected a {' or '.join(k.__name__ for k in kinds)}")
    return described(target)
