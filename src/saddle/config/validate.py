"""Whether a setting exists, is of its type and in its range; where not, one sentence that names it."""

import difflib
import inspect
import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError

from saddle.config.signature import (
    Signature,
    callback_signature,
    check_trusted,
    import_target,
    optimizer_settings,
    signature_of,
)
from saddle.error import InputError

_PLAIN = (bool, int, float, str, NoneType)


def check(path: str, value: Any, expected: Any, passed_in: frozenset[str] = frozenset()) -> None:
    """Raise InputError, naming the setting `path`, unless `value` (plain YAML values) can build an `expected`.

    `expected` is an annotation: plain types with ranges (`saddle.bound`), a class that is built from a `_target_`, a
    mapping of these, or a union. `passed_in` names parameters that the program itself gives to the class.
    """
    if not isinstance(value, dict) or expected == dict[str, Any]:
        _check_value(path, value, expected)
    elif "_target_" in value:
        target = check_target(path, value["_target_"], expected)
        check_parameters(path, value, signature_of(target).without(passed_in))
    elif (group := _group_in(expected)) is not None:
        check_parameters(path, value, signature_of(group))
    elif (kind := _mapped_kind(expected)) is not None:
        for name, item in value.items():
            check(f"{path}.{name}", item, kind, passed_in)
    else:
        _check_value(path, value, expected)


def check_parameters(path: str, values: Mapping[str, Any], signature: Signature) -> None:
    """Raise InputError unless `values` are parameters of the signature, of the right types, and none is missing."""
    for name, value in values.items():
        setting = f"{path}.{name}" if path else name
        if name == "_target_":
            continue
        if name == "_partial_" and signature.is_optimizer:
            _check_partial(setting, value)
        elif name not in signature.types:
            raise InputError(_unknown_parameter(setting, name, signature))
        else:
            check(setting, value, signature.types[name])
    needed = [name for name in signature.types if name in signature.required]
    if signature.is_optimizer:
        needed.append("_partial_")
    for name in needed:
        if name not in values:
            raise InputError(f"{path}.{name} is missing: it has no default".lstrip("."))


def check_without_lightning(path: str, node: Any) -> None:
    """Check a callback or logger as far as that is possible before Lightning is loaded: all of saddle's own."""
    if not isinstance(node, dict) or "_target_" not in node:
        raise InputError(f"{path}={_shown(node)}: expected settings with a _target_, given by a file of its group")
    check_trusted(path, node["_target_"])
    signature = callback_signature(node["_target_"])
    if signature is not None:
        check_parameters(path, node, signature)


def check_with_lightning(path: str, node: Mapping[str, Any], expected: type) -> None:
    """The rest of that check, with the class itself."""
    target = check_target(path, node["_target_"], expected)
    if callback_signature(node["_target_"]) is None:
        check_parameters(path, node, signature_of(target))


def unknown_setting(setting: str, name: str, known: list[str]) -> str:
    """One sentence for a setting that does not exist, with the nearest one of those that are `known` there."""
    near = difflib.get_close_matches(name, known, n=1)
    if not near:
        return f"{setting}: there is no such setting; known here: {', '.join(known)}"
    place = setting.rpartition(".")[0]
    guess = f"{place}.{near[0]}" if place else near[0]
    return f"{setting}: there is no such setting; did you mean {guess}?"


def _check_partial(setting: str, value: Any) -> None:
    if value is not True:
        raise InputError(f"{setting}={_shown(value)}: optimizers are made later, with parameters: use true")


def _unknown_parameter(setting: str, name: str, signature: Signature) -> str:
    sentence = unknown_setting(setting, name, list(signature.types))
    if signature.is_optimizer and name in optimizer_settings():
        sentence += f"; if an experiment gives {signature.name} this, leave it out by ~{setting}"
    return sentence


def check_target(path: str, name: Any, expected: Any) -> type:
    """The class that `path`._target_ names; raises InputError unless it is one of those that are expected."""
    target = import_target(path, name)
    if expected is Any:
        return target
    kinds = _built_kinds(expected)
    if not kinds:
        raise InputError(f"{path}._target_={name}: expected a plain value here, not an object")
    if not issubclass(target, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise InputError(f"{path}._target_={name}: expected a {names}")
    return target


def _check_value(path: str, value: Any, expected: Any) -> None:
    plain = _plain(expected)
    if plain is None or (plain is NoneType and value is not None):
        kinds = " or ".join("null" if kind is NoneType else kind.__name__ for kind in _alternatives(expected))
        raise InputError(f"{path}={_shown(value)}: expected {kinds}, given by a group or a _target_")
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(plain, config={"allow_inf_nan": False})
    except PydanticSchemaGenerationError as error:
        raise InputError(f"{path}={_shown(value)}: this cannot be given here") from error
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise InputError(f"{path}={_shown(value)}: {_reasons(error)}") from error


def _reasons(error: ValidationError) -> str:
    """Why each alternative failed, once each, in words."""
    reasons: list[str] = []
    for item in error.errors():
        reason = item["msg"].replace("Input should be ", "should be ")
        entries = [part for part in item["loc"] if isinstance(part, int)]
        if entries and item["type"] == "missing":
            reason = f"needs an entry {entries[0] + 1}"
        elif entries:
            reason = f"entry {entries[0] + 1} {reason}"
        if reason not in reasons and item["type"] != "none_required":
            reasons.append(reason)
    return " or ".join(reasons)


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | dict) or value is None else str(value)


# annotations


def _alternatives(expected: Any) -> list[Any]:
    """The members of a union; of anything else, itself without its range."""
    if get_origin(expected) in (Union, UnionType):
        members: list[Any] = []
        for part in get_args(expected):
            members += _alternatives(part)
        return members
    if get_origin(expected) is Annotated:
        return _alternatives(get_args(expected)[0])
    return [expected]


def _built_kinds(expected: Any) -> tuple[type, ...]:
    """The alternatives that YAML cannot write: classes, one of which is to be built."""
    return tuple(kind for kind in _alternatives(expected) if inspect.isclass(kind) and kind not in (*_PLAIN, Any))


def _group_in(expected: Any) -> type | None:
    """The alternative that describes a group of settings without a `_target_`: a class of `saddle.config`."""
    for kind in _alternatives(expected):
        if inspect.isclass(kind) and kind.__module__.startswith("saddle.config."):
            return kind
    return None


def _mapped_kind(expected: Any) -> Any | None:
    """What a mapping from names maps to, Any if that is open; None if `expected` is no such mapping."""
    if expected is Any:
        return Any
    for member in _alternatives(expected):
        if get_origin(member) in (dict, Mapping) and get_args(member)[:1] == (str,):
            return get_args(member)[1]
    return None


def _plain(expected: Any) -> Any | None:
    """`expected` without the alternatives that YAML cannot write; None if nothing is left."""
    origin = get_origin(expected)
    if origin in (Union, UnionType):
        parts = [_plain(part) for part in get_args(expected)]
        written = tuple(part for part in parts if part is not None)
        return Union[written] if written else None  # noqa: UP007
    if origin is Annotated:
        return expected if _plain(get_args(expected)[0]) is not None else None
    if expected is Any or expected in _PLAIN or origin in (Literal, tuple, list, dict):
        return expected
    if inspect.isclass(origin) and issubclass(origin, Mapping | list | tuple):
        return expected
    if getattr(origin, "__module__", "") == "collections.abc":
        return expected if all(_plain(part) is not None for part in get_args(expected)) else None
    return None
