"""What classes take, read from their source files, so that a bad setting is refused before torch is loaded.

Only what can be read for certain is said: a class whose source is not found or does more than is understood here is
`known` to take anything, a type that needs more than `saddle.bound` and the standard library is Any. What is left open
is checked by `saddle.config.signature`, which asks the classes themselves.
"""

import ast
import builtins
import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import NoneType
from typing import Any, ForwardRef, get_args

from saddle.config.setting import Parameters, parameters_of

_LIGHT = {*sys.stdlib_module_names, "annotated_types", "typing_extensions"}
_TAKE_NOTHING = ("ABC", "Generic", "Protocol", "object")  # bases without parameters
_SAME_SIGNATURE = {"_defaults_from_env_vars"}  # decorators of constructors that leave the signature as it is
_FARTHEST = 20  # imports from one another to follow


class _Unreadable(Exception):  # noqa: N818
    """The source does not say it, or not in a way that is understood here."""


_UNREAD = (_Unreadable, OSError, SyntaxError, ValueError)


@dataclass(frozen=True)
class _Definition:
    """Where a name is bound: a statement at the top of a module."""

    module: str
    statement: ast.stmt


def described(target: str) -> Parameters:
    """What the constructor of the class `target` (a dotted name) takes."""
    module, _, name = target.rpartition(".")
    try:
        types, required = _constructor(_definition(module, name))
    except _UNREAD:
        return Parameters(name, {}, known=False)
    return parameters_of(name, types, required, optimizer="params" in types)


def descends(target: str, kinds: Sequence[type]) -> bool:
    """Whether the class `target` (a dotted name) is known to be one of `kinds`, which are types of parameters."""
    module, _, name = target.rpartition(".")
    wanted = {(kind.__module__, kind.__name__) for kind in kinds}
    try:
        lineage = _lineage(_definition(module, name))
        return any((place.module, place.statement.name) in wanted for place in lineage)
    except _UNREAD:
        return False


def class_constant(target: str, name: str) -> Any | None:
    """The value that the class `target` (a dotted name) or one of its bases gives `name`; None if it is not found."""
    module, _, last = target.rpartition(".")
    try:
        for statement in (s for place in _lineage(_definition(module, last)) for s in place.statement.body):
            if isinstance(statement, ast.Assign) and [getattr(t, "id", "") for t in statement.targets] == [name]:
                return ast.literal_eval(statement.value)
    except _UNREAD:
        pass
    return None


def has_parameter(target: str, name: str) -> bool:
    """Whether the constructor of the class `target` (a dotted name) has a parameter `name`; True if that is unknown."""
    module, _, last = target.rpartition(".")
    try:
        types, _ = _constructor(_definition(module, last))
    except _UNREAD:
        return True
    return name in types


def _constructor(place: _Definition) -> tuple[dict[str, Any], set[str]]:
    """Types of the parameters by name, and the names of those without a default."""
    if place.statement.keywords:
        raise _Unreadable  # a metaclass
    methods = {s.name: s for s in place.statement.body if isinstance(s, ast.FunctionDef)}
    if "__new__" in methods:
        raise _Unreadable
    if "__init__" in methods:
        return _of_function(methods["__init__"], place.module)
    if _is_dataclass(place):
        return _of_fields(place)
    for base in _bases(place):
        return _constructor(base)
    return {}, set()


def _of_function(function: ast.FunctionDef, module: str) -> tuple[dict[str, Any], set[str]]:
    if any(not isinstance(d, ast.Name) or d.id not in _SAME_SIGNATURE for d in function.decorator_list):
        raise _Unreadable
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    optional = positional[len(positional) - len(given.defaults) :]
    optional += [one for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is not None]
    named = [*positional[1:], *given.kwonlyargs]
    types = {one.arg: Any if one.annotation is None else _type(one.annotation, module) for one in named}
    return types, {one.arg for one in named if one not in optional}


def _of_fields(place: _Definition) -> tuple[dict[str, Any], set[str]]:
    """The same of a dataclass: the fields of its bases first."""
    types, required = {}, set()
    for base in reversed(list(_bases(place))):
        if _is_dataclass(base):
            inherited, missing = _of_fields(base)
            types, required = types | inherited, (required - set(inherited)) | missing
    for line in place.statement.body:
        if not isinstance(line, ast.AnnAssign) or "ClassVar" in ast.unparse(line.annotation):
            continue
        options = {o.arg: o.value for o in line.value.keywords} if isinstance(line.value, ast.Call) else {}
        if "KW_ONLY" in ast.unparse(line.annotation):
            raise _Unreadable
        if "init" in options and not ast.literal_eval(options["init"]):
            continue
        name = line.target.id
        types[name] = _type(line.annotation, place.module)
        given = {"default", "default_factory"} & set(options) if isinstance(line.value, ast.Call) else line.value
        required = required - {name} if given else required | {name}
    return types, required


def _is_dataclass(place: _Definition) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in place.statement.decorator_list)


def _lineage(place: _Definition) -> Iterator[_Definition]:
    yield place
    for base in _bases(place):
        yield from _lineage(base)


def _bases(place: _Definition) -> Iterator[_Definition]:
    for base in place.statement.bases:
        if isinstance(base, ast.Subscript):
            base = base.value
        if not isinstance(base, ast.Name):
            raise _Unreadable
        if base.id not in _TAKE_NOTHING:
            yield _definition(place.module, base.id)


def _type(node: ast.expr, module: str) -> Any:
    """The type that an annotation in `module` means; Any where it cannot be told."""
    try:
        found = _value(node, module)
    except (*_UNREAD, TypeError, AttributeError):
        return Any
    return Any if _is_open(found) else found


def _is_open(kind: Any) -> bool:
    return isinstance(kind, ForwardRef) or any(map(_is_open, get_args(kind)))


def _value(node: ast.expr, module: str) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = ast.parse(node.value, mode="eval").body
    names = {one.id: _meaning(module, one.id) for one in ast.walk(node) if isinstance(one, ast.Name)}
    found = eval(compile(ast.Expression(node), module, "eval"), {"__builtins__": {}}, names)
    return NoneType if found is None else found


def _meaning(module: str, name: str) -> Any:
    """What a name in an annotation stands for; for a class that is not loaded, another one of its name."""
    if name not in _bindings(module) and hasattr(builtins, name):
        return getattr(builtins, name)
    place = _lookup(module, name)
    if not isinstance(place, _Definition):
        return place
    if isinstance(place.statement, ast.ClassDef):
        return _stand_in(place.module, place.statement.name)
    if isinstance(place.statement, ast.Assign):
        return _value(place.statement.value, place.module)
    raise _Unreadable


@cache
def _stand_in(module: str, name: str) -> type:
    return type(name, (), {"__module__": module})


def _definition(module: str, name: str) -> _Definition:
    """Where a class is defined."""
    place = _lookup(module, name)
    if not isinstance(place, _Definition) or not isinstance(place.statement, ast.ClassDef):
        raise _Unreadable
    return place


def _lookup(module: str, name: str, steps: int = _FARTHEST) -> Any:
    """Where `name` in `module` is defined, or what it is where that is light to import."""
    bound = _bindings(module).get(name)
    if bound is None or steps == 0:
        raise _Unreadable
    if isinstance(bound, ast.stmt):
        return _Definition(module, bound)
    origin, original = bound
    if origin == "saddle.bound" or origin.partition(".")[0] in _LIGHT:
        found = importlib.import_module(origin)
        return found if original is None else getattr(found, original)
    return _lookup(origin, original, steps - 1)


@cache
def _bindings(module: str) -> dict[str, ast.stmt | tuple[str, str | None]]:
    """The names that the top of a module binds: to a statement, or to a name (None: the module) of another module."""
    file = _file(module)
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found: dict[str, ast.stmt | tuple[str, str | None]] = {}
    for line in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ClassDef | ast.FunctionDef):
            found[line.name] = line
        elif isinstance(line, ast.Assign):
            found |= {target.id: line for target in line.targets if isinstance(target, ast.Name)}
        elif isinstance(line, ast.Import):
            found |= {alias.asname or alias.name: (alias.name, None) for alias in line.names}
        elif isinstance(line, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - line.level + 1] if line.level else []
            origin = ".".join([*above, *([line.module] if line.module else [])])
            found |= {alias.asname or alias.name: (origin, alias.name) for alias in line.names}
    return found


def _file(module: str) -> Path:
    """The source of a module, found without importing what is above it."""
    package, *rest = module.split(".")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise _Unreadable
    if not rest:
        return Path(spec.origin)
    path = Path(spec.origin).parent.joinpath(*rest)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
