"""Signatures of classes for configs: the names, types and ranges of the constructor's parameters."""

import ast
import importlib
import importlib.util
import inspect
import sys
import typing
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from saddle import bound
from saddle.bound import Beta, NonNegative, Positive
from saddle.error import InputError, first_line
from saddle.plugin import ENVIRONMENT, plugins

TRUSTED = ("saddle.", "torch.optim.", "lightning.pytorch.")
"""What the name of a class that a config may build begins with. Plugins add their names (`saddle.plugin`)."""

_NEVER_PLUGINS = ("saddle", "torch", "torchvision", "lightning", "hydra", "omegaconf", "numpy", "yaml", "pickle")
"""Modules whose classes a message never suggests to trust."""

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_OPTIMIZER_RANGES: dict[str, Any] = {
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
class Signature:
    """The parameters of a class. `types` maps each name to its annotation, Any where there is none."""

    name: str
    types: Mapping[str, Any]
    required: frozenset[str] = field(default_factory=frozenset)
    is_optimizer: bool = False
    """Whether the class is an optimizer, which receives the networks' weights later."""

    def without(self, names: abc.Collection[str]) -> "Signature":
        """The signature without the parameters `names`, which the program itself passes in."""
        types = {name: kind for name, kind in self.types.items() if name not in names}
        return Signature(self.name, types, self.required - frozenset(names), self.is_optimizer)


def check_trusted(path: str, name: Any) -> None:
    """Raise InputError unless `name` is the name of a class that a config may build."""
    if not isinstance(name, str) or not name.startswith(_trusted()):
        raise InputError(_untrusted(path, name))
    if not all(part.isidentifier() for part in name.split(".")):
        raise InputError(f"{path}._target_={name}: this is no name of a class")


def import_target(path: str, name: Any) -> type:
    """The class that the setting `path`._target_ names; raises InputError if it may not be built or is not there."""
    check_trusted(path, name)
    module, _, attribute = name.rpartition(".")
    try:
        target = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if not f"{module}.".startswith(f"{missing}."):
            raise InputError(f"{path}._target_={name}: {module} imports {missing}, which is not installed") from error
        raise InputError(f"{path}._target_={name}: there is no such class") from error
    except AttributeError as error:
        raise InputError(f"{path}._target_={name}: there is no such class") from error
    except Exception as error:  # a plugin's module may raise anything
        reason = f"{type(error).__name__}: {first_line(error)}"
        raise InputError(f"{path}._target_={name}: {module} cannot be imported ({reason})") from error
    if not inspect.isclass(target):
        raise InputError(f"{path}._target_={name}: this is not a class")
    if not f"{target.__module__}.".startswith(_trusted()):  # a trusted module imports it from elsewhere
        raise InputError(_untrusted(path, name))
    return target


def _trusted() -> tuple[str, ...]:
    """What the names of the classes begin with that may be built here."""
    return (*TRUSTED, *(f"{plugin.name}." for plugin in plugins()))


def _untrusted(path: str, name: Any) -> str:
    """One sentence for a class that may not be built, with what to do if it is the user's own."""
    sentence = f"{path}._target_={name}: only classes below {', '.join(_trusted())} are built"
    module = str(name).partition(".")[0]
    is_known = module in sys.stdlib_module_names or module in _NEVER_PLUGINS
    if is_known or not module.isidentifier() or "." not in str(name):
        return sentence
    return f"{sentence}; if you trust the package {module}, set the environment variable {ENVIRONMENT}={module}"


def signature_of(target: type) -> Signature:
    """The parameters of a class, read from the class itself."""
    parameters = inspect.signature(target).parameters
    named = {name: parameter for name, parameter in parameters.items() if parameter.kind not in _VARIADIC}
    try:
        hints = get_type_hints(getattr(target, "__init__"), include_extras=True)  # noqa: B009
    except NameError:  # an annotation names a package that is not installed
        hints = {}
    types = {name: hints.get(name, Any) for name in named}
    required = _required(named)
    if "params" in types and _is_optimizer(target):
        return _optimizer_signature(target.__name__, types, required)
    return Signature(target.__name__, types, required)


def _is_optimizer(target: type) -> bool:
    """Whether a class is one of torch's optimizers or derived from them."""
    return any((base.__module__, base.__name__) == ("torch.optim.optimizer", "Optimizer") for base in target.__mro__)


def _required(parameters: Mapping[str, inspect.Parameter]) -> frozenset[str]:
    """The names of the parameters that have no default."""
    return frozenset(name for name, parameter in parameters.items() if parameter.default is parameter.empty)


def _optimizer_signature(name: str, types: Mapping[str, Any], required: frozenset[str]) -> Signature:
    """The signature of one of torch's optimizers, with the ranges that torch leaves open."""
    ranges = dict(types)
    del ranges["params"]
    for setting in _OPTIMIZER_RANGES.keys() & ranges.keys():
        ranges[setting] = _OPTIMIZER_RANGES[setting]
    return Signature(name, ranges, required - {"params"}, is_optimizer=True)


def optimizer_settings() -> abc.Collection[str]:
    """The settings that some of torch's optimizers have and others lack."""
    return _OPTIMIZER_RANGES.keys()


# Callbacks and loggers import Lightning, which takes three seconds: too long for a refusal. Therefore the parameters of
# saddle's callbacks and of Lightning's loggers are read from their source. tests/config/test_signature.py holds both
# readings equal.

_READ_FROM_SOURCE = {
    "callback": ("saddle.callback.",),
    "logger": ("lightning.pytorch.loggers.", "saddle.logger."),
}
"""By group of the config, the packages whose classes are read from source."""


@cache
def signature_from_source(group: str, name: str) -> Signature | None:
    """The parameters of the class `name` in the group callback or logger, without importing it; None if unreadable.

    The header of its constructor is compiled with an empty body, in a namespace of `saddle.bound`, the standard
    library's types and Lightning's name for a path.
    """
    if not name.startswith(_READ_FROM_SOURCE[group]):
        return None
    module, _, class_name = name.rpartition(".")
    definition = _class_definition(module, class_name)
    if definition is None:
        return None
    constructor = _constructor(definition)
    if constructor is None:
        return Signature(class_name, {})
    parameters = _parameters(constructor)
    if parameters is None:
        return None
    types = {key: parameter.annotation for key, parameter in parameters.items()}
    return Signature(class_name, types, _required(parameters))


def _class_definition(module: str, name: str) -> ast.ClassDef | None:
    """The source of a class at the top of a module, or of any file of a package; None if there is none."""
    for file in _source_files(module):
        for statement in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                return statement
    return None


def _source_files(module: str) -> list[Path]:
    """The source file of a module, or the files of a package; nothing is imported."""
    top, *below = module.split(".")
    package = importlib.util.find_spec(top)
    if package is None or not package.submodule_search_locations:
        return []
    place = Path(package.submodule_search_locations[0]).joinpath(*below)
    if place.is_dir():
        return sorted(place.glob("*.py"))
    file = place.with_suffix(".py")
    return [file] if file.is_file() else []


def _constructor(definition: ast.ClassDef) -> ast.FunctionDef | None:
    """The source of a class's `__init__`; None if it inherits one."""
    for statement in definition.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return statement
    return None


def _parameters(constructor: ast.FunctionDef) -> dict[str, inspect.Parameter] | None:
    """The parameters after `self`; None if they need names that are unknown here.

    A default is replaced by None, because only its presence matters.
    """
    constructor.body = [ast.Pass()]
    constructor.decorator_list = []
    constructor.args.defaults = [ast.Constant(None) for _ in constructor.args.defaults]
    tree = ast.fix_missing_locations(ast.Module([constructor], type_ignores=[]))
    namespace: dict[str, Any] = {**vars(typing), **vars(abc), **vars(bound), "Path": Path, "_PATH": str | Path}
    try:
        exec(compile(tree, "<signature>", "exec"), namespace)
    except NameError:  # an annotation needs more than these names
        return None
    parameters = dict(inspect.signature(namespace["__init__"]).parameters)
    parameters.pop("self")
    named = {name: parameter for name, parameter in parameters.items() if parameter.kind not in _VARIADIC}
    if any(isinstance(parameter.annotation, str) for parameter in named.values()):  # the same, in quotes
        return None
    return named
