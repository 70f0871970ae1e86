"""The config's schema: the signatures of what it builds.

Every `_target_` must be one of ours, of torch's optimizers or of Lightning's parts, and of the kind its place asks
for; every key must be a real parameter of it, every value of the parameter's type and in its range
(`saddle.bound`). Nothing is built here, and no data is read.
"""

import difflib
import importlib
import inspect
import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import saddle.compat  # noqa: F401  isort: skip
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from torch.optim import Optimizer

from saddle.bound import Beta, NonNegative, Positive
from saddle.error import InputError

_PREFIXES = ("saddle.", "torch.optim.", "lightning.pytorch.")
_OPTIMIZER_BOUNDS: dict[str, Any] = {
    "lr": Positive,
    "betas": tuple[Beta, Beta],
    "eps": NonNegative,
    "weight_decay": NonNegative,
    "momentum": NonNegative,
    "dampening": NonNegative,
    "alpha": Beta,
    "momentum_decay": NonNegative,
}
_PLAIN = (bool, int, float, str, NoneType)


def check(path: str, value: Any, expected: Any) -> None:
    """Raise InputError, naming the setting, unless `value` (plain YAML values) is fit to build an `expected`."""
    if expected == dict[str, Any] and isinstance(value, dict):
        return
    if isinstance(value, dict) and "_target_" in value:
        _check_target(path, value, expected)
    elif isinstance(value, dict) and (kind := _mapping_of(expected)) is not None:
        for name, item in value.items():
            check(f"{path}.{name}", item, kind)
    elif isinstance(value, dict) and (kind := _group_class(expected)) is not None:
        check_parameters(path, value, kind)
    else:
        _check_value(path, value, expected)


def resolve_target(path: str, name: Any) -> type:
    """The class that a `_target_` names, from saddle, torch.optim or lightning.pytorch."""
    if not isinstance(name, str) or not name.startswith(_PREFIXES):
        raise InputError(f"{path}._target_={name}: only classes below {', '.join(_PREFIXES)} are built")
    module, _, attribute = name.rpartition(".")
    if not all(part.isidentifier() for part in name.split(".")):
        raise InputError(f"{path}._target_={name}: this is no name of a class")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InputError(f"{path}._target_={name}: there is no such class") from error
    if not inspect.isclass(target):
        raise InputError(f"{path}._target_={name}: this is not a class")
    if not f"{target.__module__}.".startswith(_PREFIXES):  # that a module of ours imports from elsewhere
        raise InputError(f"{path}._target_={name}: only classes below {', '.join(_PREFIXES)} are built")
    return target


def check_parameters(path: str, values: Mapping[str, Any], target: type) -> None:
    """Raise InputError unless `values` are real parameters of `target`, of the right types, and none is missing."""
    parameters = inspect.signature(target).parameters
    injected = {"params"} if issubclass(target, Optimizer) else set()
    hints = get_type_hints(target.__init__, include_extras=True)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    known = [name for name, parameter in parameters.items() if name not in injected and parameter.kind not in variadic]
    for name, value in values.items():
        setting = f"{path}.{name}" if path else name
        if name == "_target_":
            continue
        if name == "_partial_" and injected:
            if value is not True:
                raise InputError(f"{setting}={_shown(value)}: optimizers are made later, with parameters: use true")
            continue
        if name not in known:
            foreign = issubclass(target, Optimizer) and name in _OPTIMIZER_BOUNDS
            mend = f"; if an experiment gives {target.__name__} this, leave it out by ~{setting}" if foreign else ""
            raise InputError(unknown_setting(setting, name, known) + mend)
        bounds = _OPTIMIZER_BOUNDS if issubclass(target, Optimizer) else {}
        check(setting, value, bounds.get(name, hints.get(name, Any)))
    for name in [*known, *(["_partial_"] if injected else [])]:
        if name not in values and (name == "_partial_" or parameters[name].default is inspect.Parameter.empty):
            raise InputError(f"{path}.{name} is missing".lstrip(".") + ": it has no default")


def unknown_setting(setting: str, name: str, known: list[str]) -> str:
    """One sentence for a setting that does not exist."""
    near = difflib.get_close_matches(name, known, n=1)
    place = setting.rpartition(".")[0]
    guess = f"; did you mean {f'{place}.' if place else ''}{near[0]}?" if near else f"; known here: {', '.join(known)}"
    return f"{setting}: there is no such setting{guess}"


def _check_target(path: str, node: dict[str, Any], expected: Any) -> None:
    target = resolve_target(path, node["_target_"])
    kinds = [kind for kind in _members(expected) if inspect.isclass(kind) and kind not in (*_PLAIN, Any)]
    if not kinds:
        raise InputError(f"{path}._target_={node['_target_']}: expected a plain value here, not an object")
    if not issubclass(target, tuple(kinds)):
        raise InputError(f"{path}._target_={node['_target_']}: expected a {' or '.join(k.__name__ for k in kinds)}")
    check_parameters(path, node, target)


def _check_value(path: str, value: Any, expected: Any) -> None:
    plain = _plain(expected)
    if plain is None or (plain is NoneType and value is not None):
        kinds = " or ".join("null" if kind is NoneType else kind.__name__ for kind in _members(expected))
        raise InputError(f"{path}={_shown(value)}: expected {kinds}, given by a group or a _target_")
    try:
        adapter = TypeAdapter(plain, config={"allow_inf_nan": False})
    except PydanticSchemaGenerationError as error:
        raise InputError(f"{path}={_shown(value)}: this cannot be given here") from error
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise InputError(f"{path}={_shown(value)}: {_reasons(error)}") from error


def _reasons(error: ValidationError) -> str:
    """The reasons of all the alternatives that failed, once each, in words."""
    reasons = []
    for item in error.errors():
        reason = item["msg"].replace("Input should be ", "should be ")
        where = [part for part in item["loc"] if isinstance(part, int)]
        if where and item["type"] == "missing":
            reason = f"needs an entry {where[0] + 1}"
        elif where:
            reason = f"entry {where[0] + 1} {reason}"
        if reason not in reasons and item["type"] != "none_required":
            reasons.append(reason)
    return " or ".join(reasons)


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | dict) or value is None else str(value)


def _members(expected: Any) -> list[Any]:
    """The alternatives of a union; of anything else, itself without its bounds."""
    if get_origin(expected) in (Union, UnionType):
        return [member for part in get_args(expected) for member in _members(part)]
    if get_origin(expected) is Annotated:
        return _members(get_args(expected)[0])
    return [expected]


def _mapping_of(expected: Any) -> Any | None:
    """What a mapping type maps to, or None if `expected` is no mapping from strings."""
    for member in _members(expected):
        if get_origin(member) in (dict, Mapping) and get_args(member)[:1] == (str,):
            return get_args(member)[1]
    return None


def _group_class(expected: Any) -> type | None:
    """The class of this package that describes a group without a `_target_`, or None."""
    for member in _members(expected):
        if inspect.isclass(member) and member.__module__.startswith("saddle.cli."):
            return member
    return None


def _plain(expected: Any) -> Any | None:
    """`expected` without the alternatives that YAML cannot write; None if nothing is left."""
    if get_origin(expected) in (Union, UnionType):
        kept = [part for part in map(_plain, get_args(expected)) if part is not None]
        return Union[tuple(kept)] if kept else None  # noqa: UP007
    origin = get_origin(expected)
    if origin is Annotated:
        return expected if _plain(get_args(expected)[0]) is not None else None
    if expected is Any or expected in _PLAIN or origin in (Literal, tuple, list, dict):
        return expected
    if origin is not None and inspect.isclass(origin) and issubclass(origin, Mapping | list | tuple):
        return expected
    if origin is not None and getattr(origin, "__module__", "") == "collections.abc":
        return expected if all(_plain(part) is not None for part in get_args(expected)) else None
    return None
