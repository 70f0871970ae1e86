"""What is read from source files is what the classes themselves say."""

from typing import Any

import pytest
import yaml

from helpers import REPOSITORY
from saddle.bound import Count
from saddle.config import signature as schema
from saddle.config.source import class_constant, descends, described

OPEN = {("saddle.factory.run.Run", "architecture")}
"""Types that cannot be read: torch's modules are many imports away."""


def targets(node: Any) -> set[str]:
    """Every `_target_` below a node."""
    if not isinstance(node, dict):
        return set()
    here = {node["_target_"]} if "_target_" in node else set()
    return here.union(*map(targets, node.values()))


IN_CONF = {name for file in (REPOSITORY / "conf").rglob("*.yaml") for name in targets(yaml.safe_load(file.read_text()))}
GROUPS = {f"saddle.factory.run.{name}" for name in ("Run", "Training", "Checkpoints")}
OPTIMIZERS = {f"torch.optim.{name}" for name in ("Adadelta", "Adamax", "ASGD", "LBFGS", "NAdam", "RAdam", "Rprop")}
LOGGERS = {f"lightning.pytorch.loggers.{name}" for name in ("CSVLogger",)}
CALLBACKS = {f"lightning.pytorch.callbacks.{name}" for name in ("LearningRateMonitor", "EarlyStopping")}
ALL = sorted(IN_CONF | GROUPS | OPTIMIZERS | LOGGERS | CALLBACKS)


@pytest.mark.parametrize("name", ALL)
def test_the_source_of_a_class_says_what_the_class_says(name):
    read, asked = described(name), schema.described(schema.resolve_target("x", name))
    assert read.known
    assert (read.name, list(read.types), read.required) == (asked.name, list(asked.types), asked.required)
    assert read.optimizer == asked.optimizer == name.startswith("torch.optim.")
    for parameter, kind in asked.types.items():
        found = read.types[parameter]
        if (name, parameter) in OPEN:
            assert found is Any
        else:  # a class that is not loaded has a stand-in, which is written alike
            assert found == kind or sorted(repr(found)) == sorted(repr(kind)), parameter


@pytest.mark.parametrize("name", sorted(n for n in IN_CONF if n.startswith("saddle.game.")))
def test_the_networks_that_a_game_needs_are_read_from_its_source(name):
    assert class_constant(name, "needs") == schema.resolve_target("x", name).needs


def test_a_class_descends_from_what_it_is_derived_from():
    run = described("saddle.factory.run.Run").types
    assert descends("saddle.loss.hinge.Hinge", [run["loss"]])
    assert descends("lightning.pytorch.Trainer", [run["data"], run["trainer"]])
    assert not descends("saddle.penalty.r1.R1", [run["loss"]])
    assert not descends("saddle.loss.hinge.Missing", [run["loss"]])


ODD = """
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar, Optional
from saddle.bound import Count
from saddle.error import InputError as Renamed

def wrap(function): return function
class Meta(type): pass
class Decorated:
    @wrap
    def __init__(self, x: int): ...
class Made:
    def __new__(cls, x: int): ...
class WithMeta(metaclass=Meta):
    def __init__(self, x: int): ...
@dataclass
class Keyword:
    _: KW_ONLY
    x: int
class Foreign(Elsewhere): pass
Alias = Decorated
@dataclass
class Base:
    x: Count
    y: "Count | None" = None
    z: ClassVar[int] = 3
@dataclass
class Derived(Base):
    w: Optional["Missing"] = field(default=None)
    x: int = 1
    hidden: int = field(init=False, default=2)
    v: Renamed | None = field(repr=False)
"""


@pytest.fixture
def odd(tmp_path, monkeypatch):
    (tmp_path / "odd_source.py").write_text(ODD)
    monkeypatch.syspath_prepend(tmp_path)
    return "odd_source"


@pytest.mark.parametrize(
    "name", ["Decorated", "Made", "WithMeta", "Keyword", "Foreign", "Alias", "wrap", "Missing", "nowhere.Missing"]
)
def test_what_is_not_understood_is_left_open(odd, name):
    assert not described(f"{odd}.{name}").known
    assert not described(f"no_such_package.{name}").known


def test_fields_are_those_of_the_dataclass(odd):
    found = described(f"{odd}.Derived")
    assert list(found.types) == ["x", "y", "w", "v"]
    assert found.required == {"v"}
    assert found.types["x"] is int
    assert found.types["y"] == Count | None
    assert found.types["w"] is Any
    assert repr(found.types["v"]) == "saddle.error.InputError | None"
    assert described(f"{odd}.Base").required == {"x"}
    assert described(f"{odd}.Base").types["x"] == Count
    assert class_constant(f"{odd}.Derived", "z") is None
