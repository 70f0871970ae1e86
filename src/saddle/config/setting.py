"""What a setting may be: real parameters, of their types and in their ranges, said in one sentence where it is not.

Types are annotations as `saddle.bound` makes them. Nothing heavy is imported: where the parameters of a class come from
is the caller's choice (`saddle.config.signature` asks the class, `saddle.config.source` its source).
"""

import difflib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from saddle.bound import Beta, NonNegative, Positive
from saddle.error import InputError

if TYPE_CHECKING:
    from pydantic import ValidationError

PREFIXES = ("saddle.", "torch.optim.", "lightning.pytorch.")
"""What the name of every class that is built begins with."""

_HANDED = ("AdversarialObjective", "DataSizes")
"""Types of parameters that a game is handed when it is built: no settings."""

_PLAIN = (bool, int, float, str, NoneType)

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


@dataclass(frozen=True)
class Parameters:
    """What the constructor of the class `name` takes from a config."""

    name: str
    types: Mapping[str, Any]
    """By name, in order; Any where no type is known."""
    required: frozenset[str] = frozenset()
    """Those that have no default."""
    optimizer: bool = False
    """Whether it is one of torch's optimizers, to which the networks' weights are given later."""
    known: bool = True
    """Whether all this is known; if not, it takes whatever it is given."""


Look = Callable[[str, dict[str, Any], Any], Parameters | None]
"""What the class takes that a node (a setting, its entries, what is expected there) describes; None if it is no such
node. Raises InputError if that class cannot stand there."""


def parameters_of(name: str, types: Mapping[str, Any], required: set[str], optimizer: bool) -> Parameters:
    """`types` of all parameters that are settings, and the ranges that torch's optimizers leave open."""
    types = {key: kind for key, kind in types.items() if getattr(kind, "__name__", "") not in _HANDED}
    required = required & set(types)
    if optimizer:
        types = {key: _OPTIMIZER_BOUNDS.get(key, kind) for key, kind in types.items() if key != "params"}
        required = required - {"params"}
    return Parameters(name, types, frozenset(required), optimizer)


def check(path: str, value: Any, expected: Any, look: Look) -> None:
    """Raise InputError, naming the setting, unless `value` (plain YAML values) is fit to build an `expected`."""
    if isinstance(value, dict) and expected == dict[str, Any]:
        return
    found = look(path, value, expected) if isinstance(value, dict) else None
    kind = _mapping_of(expected) if isinstance(value, dict) else None
    if found is not None:
        check_parameters(path, value, found, look)
    elif kind is not None:
        for name, item in value.items():
            check(f"{path}.{name}", item, kind, look)
    else:
        _check_value(path, value, expected)


def check_parameters(path: str, values: Mapping[str, Any], target: Parameters, look: Look) -> None:
    """Raise InputError unless `values` are parameters of `target`, of the right types, and none is missing."""
    if not target.known:
        return
    for name, value in values.items():
        setting = f"{path}.{name}" if path else name
        if name == "_target_":
            continue
        if name == "_partial_" and target.optimizer:
            if value is not True:
                raise InputError(f"{setting}={_shown(value)}: optimizers are made later, with parameters: use true")
            continue
        if name not in target.types:
            foreign = target.optimizer and name in _OPTIMIZER_BOUNDS
            mend = f"; if an experiment gives {target.name} this, leave it out by ~{setting}" if foreign else ""
            raise InputError(unknown_setting(setting, name, list(target.types)) + mend)
        check(setting, value, target.types[name], look)
    for name in [*target.types, *(["_partial_"] if target.optimizer else [])]:
        if name not in values and (name == "_partial_" or name in target.required):
            raise InputError(f"{path}.{name} is missing".lstrip(".") + ": it has no default")


def check_prefix(path: str, name: Any) -> None:
    """Raise InputError unless `name` is that of a class that may be built."""
    if not isinstance(name, str) or not name.startswith(PREFIXES):
        raise InputError(f"{path}._target_={name}: only classes below {', '.join(PREFIXES)} are built")


def not_built_here(path: str, name: str) -> InputError:
    """The refusal of an object of the class `name` where YAML's own values are expected."""
    return InputError(f"{path}._target_={name}: expected a plain value here, not an object")


def unknown_setting(setting: str, name: str, known: list[str]) -> str:
    """One sentence for a setting that does not exist."""
    near = difflib.get_close_matches(name, known, n=1)
    place = setting.rpartition(".")[0]
    guess = f"; did you mean {f'{place}.' if place else ''}{near[0]}?" if near else f"; known here: {', '.join(known)}"
    return f"{setting}: there is no such setting{guess}"


def members(expected: Any) -> list[Any]:
    """The alternatives of a union; of anything else, itself without its bounds."""
    if get_origin(expected) in (Union, UnionType):
        return [member for part in get_args(expected) for member in members(part)]
    if get_origin(expected) is Annotated:
        return members(get_args(expected)[0])
    return [expected]


def _check_value(path: str, value: Any, expected: Any) -> None:
    plain = _plain(expected)
    if plain is None or (plain is NoneType and value is not None):
        kinds = " or ".join("null" if kind is NoneType else kind.__name__ for kind in members(expected))
        raise InputError(f"{path}={_shown(value)}: expected {kinds}, given by a group or a _target_")
    from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError  # a tenth of a second

    try:
        adapter = TypeAdapter(plain, config={"allow_inf_nan": False})
    except PydanticSchemaGenerationError as error:
        raise InputError(f"{path}={_shown(value)}: this cannot be given here") from error
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise InputError(f"{path}={_shown(value)}: {_reasons(error)}") from error


def kinds_of(expected: Any) -> tuple[type, ...]:
    """The classes among the alternatives of `expected` that YAML cannot write: one of them is to be built."""
    return tuple(kind for kind in members(expected) if inspect.isclass(kind) and kind not in (*_PLAIN, Any))


def is_group(kind: Any) -> bool:
    """Whether `kind` is a class of this package, which describes a group without a `_target_`."""
    return inspect.isclass(kind) and kind.__module__.startswith(("saddle.config.", "saddle.factory."))


def _reasons(error: "ValidationError") -> str:
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


def _mapping_of(expected: Any) -> Any | None:
    """What a mapping type maps to, Any if that is unknown, or None if `expected` is no mapping from strings."""
    if expected is Any:
        return Any
    for member in members(expected):
        if get_origin(member) in (dict, Mapping) and get_args(member)[:1] == (str,):
            return get_args(member)[1]
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
