"""Annotations of constructors in words: `Annotated[int, Ge(1)]` is an integer of at least 1."""

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

_LARGEST = 2**63 - 1
"""The limit of integers that is not worth a word."""

_PLAIN = {int: "integer", float: "number", str: "text", bool: "true, false", NoneType: "null"}


def in_words(annotation: Any) -> str:
    """Type and range of an annotation in words; empty where there is none."""
    if annotation is Any or annotation is None:
        return ""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1:])
    if origin is Literal:
        return ", ".join(_literals(arguments))
    if origin in (Union, UnionType):
        return " or ".join(in_words(one) for one in arguments)
    if origin in (tuple, list) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return _list(origin, arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"by name: {in_words(arguments[1])}"
    return str(getattr(annotation, "__name__", annotation))


def _literals(values: Sequence[Any]) -> list[str]:
    """The choices, each once: the number 32 and the text "32" mean the same."""
    return list(dict.fromkeys(str(value) for value in values))


def _bounded(kind: Any, bounds: Sequence[Any]) -> str:
    """A number with its range, or a list with its length."""
    if get_origin(kind) is not None:
        return f"{_length(bounds)}{in_words(kind)}"
    low, high = _ends(bounds)
    if low and high:
        return f"{in_words(kind)} in {low}, {high}" if kind is float else f"{in_words(kind)} in {low[1:]}..{high[:-1]}"
    return f"{in_words(kind)}{_one_sided(bounds)}"


def _ends(bounds: Sequence[Any]) -> tuple[str, str]:
    """Both ends as an interval writes them, `[0` and `1)`; an end that is open to infinity is empty."""
    low = high = ""
    for bound in bounds:
        match bound:
            case Ge(ge=end):
                low = f"[{end}"
            case Gt(gt=end):
                low = f"({end}"
            case Le(le=end) if end != _LARGEST:
                high = f"{end}]"
            case Lt(lt=end):
                high = f"{end})"
    return low, high


def _one_sided(bounds: Sequence[Any]) -> str:
    for bound in bounds:
        match bound:
            case Ge(ge=end):
                return f" ≥ {end}"
            case Gt(gt=end):
                return f" > {end}"
    return ""


def _length(bounds: Sequence[Any]) -> str:
    """How many entries a list has."""
    least = next((bound.min_length for bound in bounds if isinstance(bound, MinLen)), 0)
    most = next((bound.max_length for bound in bounds if isinstance(bound, MaxLen)), None)
    if most is None:
        return f"at least {least}: "
    return f"{least} to {most}: "


def _list(origin: Any, arguments: Sequence[Any]) -> str:
    """A list, or a tuple of as many entries as it has kinds."""
    if origin is tuple and Ellipsis not in arguments:
        return f"[{', '.join(in_words(one) for one in arguments)}]"
    return f"list of {in_words(arguments[0])}"
