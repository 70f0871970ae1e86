"""Checks that a setting exists, has its type and lies in its range; refuses it by one sentence that names it."""

import inspect
import json
import re
from collections.abc import Mapping
from types import NoneType
from typing import Any

from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from saddle.config.annotation import alternatives, built_kinds, group_in, mapped_kind, plain
from saddle.config.guess import UnknownSettingError
from saddle.config.options import file_building, options, settings_in
from saddle.config.signature import (
    TRUSTED,
    Signature,
    check_trusted,
    import_target,
    optimizer_settings,
    signature_from_source,
    signature_of,
)
from saddle.error import InputError

_LONGEST = 100
"""The number of letters of a value in a message."""

_NO_LIST = ("list_type", "tuple_type")
_OF_LISTS = (*_NO_LIST, "too_short", "too_long")
"""Pydantic's kinds of errors for a value that is no list, and for a list."""


def check(path: str, value: Any, expected: Any, passed_in: frozenset[str] = frozenset()) -> None:
    """Raise InputError, naming the setting `path`, unless `value` (plain YAML values) can build an `expected`.

    `expected` is an annotation: plain types with ranges (`saddle.bound`), a class that is built from a `_target_`, a
    mapping of these, or a union. `passed_in` names parameters that the program itself passes to the class.
    """
    if not isinstance(value, dict) or expected == dict[str, Any]:
        _check_value(path, value, expected)
        return
    if "_target_" in value:
        target = check_target(path, value["_target_"], expected)
        check_parameters(path, value, signature_of(target).without(passed_in))
        return
    group = group_in(expected)
    kind = mapped_kind(expected)
    if group is not None:
        check_parameters(path, value, signature_of(group))
    elif kind is not None:
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
            raise _unknown_parameter(setting, name, signature)
        else:
            check(setting, value, signature.types[name])
    required = set(signature.required)
    if signature.is_optimizer:
        required.add("_partial_")
    for name in (*signature.types, "_partial_"):
        if name in required and name not in values:
            raise InputError(f"{path}.{name} is missing: it has no default".lstrip("."))


def check_without_lightning(group: str, name: str, node: Any, passed_in: frozenset[str]) -> None:
    """Check a callback or logger before Lightning is loaded: completely if its source tells the settings.

    `passed_in` is as in `check`. Raises InputError, naming the setting.
    """
    path = f"{group}.{name}"
    if not isinstance(node, dict) or "_target_" not in node:
        raise InputError(f"{path}={_shown(node)}: expected settings with a _target_; leave it out by ~{path}")
    check_trusted(path, node["_target_"])
    signature = signature_from_source(group, node["_target_"])
    if signature is not None:
        check_parameters(path, node, signature.without(passed_in))


def check_with_lightning(
    group: str, name: str, node: Mapping[str, Any], expected: type, passed_in: frozenset[str]
) -> None:
    """Check a callback or logger by its class, which loads Lightning; raises InputError, naming the setting.

    `passed_in` is as in `check`.
    """
    path = f"{group}.{name}"
    target = check_target(path, node["_target_"], expected)
    if signature_from_source(group, node["_target_"]) is None:
        check_parameters(path, node, signature_of(target).without(passed_in))


def _check_partial(setting: str, value: Any) -> None:
    """Raise InputError unless an optimizer's `_partial_` is true."""
    if value is not True:
        raise InputError(f"{setting}={_shown(value)}: optimizers are made later, with parameters: use true")


def _unknown_parameter(setting: str, name: str, signature: Signature) -> InputError:
    """The error for a setting that is no parameter of the signature."""
    error = UnknownSettingError(setting, list(signature.types))
    if signature.is_optimizer and name in optimizer_settings():
        return InputError(f"{error}; if an experiment gives {signature.name} this, leave it out by ~{setting}")
    return error


def check_target(path: str, name: Any, expected: Any) -> type:
    """The class that `path`._target_ names; raises InputError unless it is a subclass of a class in `expected`."""
    target = _imported(path, name)
    if expected is Any:
        return target
    kinds = built_kinds(expected)
    if not kinds:
        raise InputError(f"{path}._target_={name}: expected a plain value here, not an object")
    if not issubclass(target, kinds):
        raise InputError(f"{path}._target_={name}: expected a {_kinds_for(name, kinds)}")
    lacking = [_lacking(target, method) for method in sorted(getattr(target, "__abstractmethods__", ()))]
    if lacking:
        raise InputError(f"{path}._target_={name}: it lacks {'; and '.join(lacking)}")
    return target


def _imported(path: str, name: Any) -> type:
    """The class of that name; raises InputError, naming the config file that has it, if it cannot be built."""
    try:
        return import_target(path, name)
    except InputError as error:
        file = file_building(path.partition(".")[0], name)
        place = "" if file is None else f" (in {file})"
        raise InputError(f"{error}{place}") from error


def _kinds_for(name: str, kinds: tuple[type, ...]) -> str:
    """The classes that are expected, for a class from outside with the names by which it can derive from one."""
    names = " or ".join(kind.__name__ for kind in kinds)
    if name.startswith(TRUSTED):
        return names
    return f"{names}: derive it from {' or '.join(f'{kind.__module__}.{kind.__name__}' for kind in kinds)}"


def _lacking(target: type, method: str) -> str:
    """A method that a class inherits without a body, and the first sentence about it."""
    about = (inspect.getdoc(getattr(target, method)) or "").split("\n\n")[0].replace("\n", " ")
    return f"`{method}` ({about.rstrip('.')})" if about else f"`{method}`"


def _check_value(path: str, value: Any, expected: Any) -> None:
    """Raise InputError unless a plain value has one of the types in `expected` and lies in its range."""
    writable = plain(expected)
    if writable is None or (writable is NoneType and value is not None):
        raise InputError(f"{path}={_shown(value)}: {_expected_object(path, expected)}")
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(writable, config={"allow_inf_nan": False})
    except PydanticSchemaGenerationError as error:
        raise InputError(f"{path}={_shown(value)}: this cannot be given here") from error
    try:
        adapter.validate_json(_as_json(value), strict=True)
    except ValidationError as error:
        null = " or null" if NoneType in alternatives(expected) else ""
        raise InputError(f"{path}={_shown(value)}: {_reasons(error, path, value)}{null}") from error


def _as_json(value: Any) -> bytes:
    """A plain value as JSON. Bytes of a path that are no letters of UTF-8 become `?`, because JSON has letters only."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", errors="replace")


def _expected_object(path: str, expected: Any) -> str:
    """What is expected in place of a plain value: settings by name, or a part that a group chooses."""
    kinds = built_kinds(expected)
    names = [_name_of(kind) for kind in alternatives(expected)]
    null = "; or null" if NoneType in alternatives(expected) else ""
    if len(kinds) == 1 and not inspect.isabstract(kinds[0]):
        settings = list(signature_of(kinds[0]).types)
        if settings:
            return f"holds settings by name, as {path}.{settings[0]} (others: {', '.join(settings[1:])}){null}"
    group, _, part = path.partition(".")
    below = [name for name in settings_in(group, part) if name.startswith(f"{path}.")] if part in options(group) else []
    leave_out = f"; leave it out by ~{path}" if "." in path else ""
    if below:
        return f"holds settings by name, as {below[0]}{null}{leave_out}"
    return f"expected {' or '.join(names)}, given by a group or a _target_{leave_out}"


def _reasons(error: ValidationError, path: str, value: Any) -> str:
    """Why each alternative failed, once each, in words."""
    items = _of_its_kind([item for item in error.errors() if item["type"] != "none_required"])
    reasons: list[str] = []
    for item in items:
        reason = item["msg"].replace("Input should be ", "should be ")
        if item["type"] in _NO_LIST and len(items) > 1:
            reason = f"a list of them, as {path}=[64,96]"
        reason = _with_form(reason, path, item["input"])
        entries = _entries(item)
        if entries and item["type"] == "missing":
            reason = f"needs an entry {entries[0] + 1}"
        elif entries:
            reason = f"entry {entries[0] + 1} {reason}"
        if reason not in reasons:
            reasons.append(reason)
    return " or ".join(reasons)


def _of_its_kind(items: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors of the alternatives that are of the value's kind, where one of them is a list and another is none."""
    near = [item for item in items if _entries(item) or not item["type"].endswith("_type")]
    has_list = any(_entries(item) or item["type"] in _OF_LISTS for item in items)
    return near if near and has_list else items


def _entries(item: ErrorDetails) -> list[int]:
    """The places, in lists, of the entry that an error is about."""
    return [part for part in item["loc"] if isinstance(part, int)]


def _with_form(reason: str, path: str, value: Any) -> str:
    """A reason with the form that YAML has for it."""
    if reason == "should be a valid array":
        return f"{reason}: use a list, as {path}=[{value},{value}]"
    if reason == "should be an object":
        return f"{reason}: it holds settings by name, as {path}.NAME={_shown(value)}"
    if reason.startswith("Tuple should have at most"):
        return f"takes {re.findall(r'[0-9]+', reason)[0]} entries, not {len(value)}"
    if reason.startswith("should be a valid boolean"):
        return "should be a valid boolean: use true or false"
    if reason == "should be a valid integer" and isinstance(value, list):
        return f"{reason}, not a list"
    if reason == "should be a valid string" and type(value) in (int, float):
        return f"{reason}: a text that looks like a number is written in quotes, as {path}=\"'{_shown(value)}'\""
    if reason.startswith("should be a valid integer") and isinstance(value, float) and value.is_integer():
        return f"{reason}: write {value:.0f}"
    return reason


def _shown(value: Any) -> str:
    """A value as it stands in YAML, cut where it is long."""
    text = json.dumps(value) if value is None or isinstance(value, list | dict) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _name_of(kind: Any) -> str:
    """A class as a message names it."""
    name: str = kind.__name__
    return "null" if kind is NoneType else name
