"""Annotations of a constructor's parameters, taken apart: what YAML can write, and which classes are to be built."""

import inspect
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

_PLAIN = (bool, int, float, str, NoneType)


def alternatives(expected: Any) -> list[Any]:
    """The members of a union; of anything else, itself without its range."""
    if get_origin(expected) in (Union, UnionType):
        members: list[Any] = []
        for part in get_args(expected):
            members += alternatives(part)
        return members
    if get_origin(expected) is Annotated:
        return alternatives(get_args(expected)[0])
    return [expected]


def built_kinds(expected: Any) -> tuple[type, ...]:
    """The alternatives that YAML cannot write: classes, one of which is to be built."""
    kinds: list[type] = []
    for kind in alternatives(expected):
        if inspect.isclass(kind) and kind not in (*_PLAIN, Any):
            kinds.append(kind)
    return tuple(kinds)


def group_in(expected: Any) -> type | None:
    """The alternative that describes a group of settings without a `_target_`: a class of `saddle.config`."""
    for kind in alternatives(expected):
        if inspect.isclass(kind) and kind.__module__.startswith("saddle.config."):
            return kind
    return None


def mapped_kind(expected: Any) -> Any | None:
    """What a mapping from names maps to, Any if that is open; None if `expected` is no such mapping."""
    if expected is Any:
        return Any
    for member in alternatives(expected):
        if get_origin(member) in (dict, Mapping) and get_args(member)[:1] == (str,):
            return get_args(member)[1]
    return None


def plain(expected: Any) -> Any | None:
    """`expected` without the alternatives that YAML cannot write; None if nothing is left."""
    origin = get_origin(expected)
    if origin in (Union, UnionType):
        return _plain_union(get_args(expected))
    if origin is Annotated:
        return expected if plain(get_args(expected)[0]) is not None else None
    if expected is Any or expected in _PLAIN or origin in (Literal, tuple, list, dict):
        return expected
    if inspect.isclass(origin) and issubclass(origin, Mapping | list | tuple):
        return expected
    if getattr(origin, "__module__", "") == "collections.abc":
        return expected if all(plain(part) is not None for part in get_args(expected)) else None
    return None


def _plain_union(members: tuple[Any, ...]) -> Any | None:
    """The union of those members that YAML can write; None if there is none."""
    writable: list[Any] = []
    for member in members:
        part = plain(member)
        if part is not None:
            writable.append(part)
    return Union[tuple(writable)] if writable else None  # noqa: UP007
