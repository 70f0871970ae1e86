"""Overrides that a person, or an enemy, might type: drawn from the config's own files and from its signatures."""

import functools
import inspect
import re
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import hydra
from annotated_types import Ge, Gt, Le, Lt
from hydra import initialize_config_dir
from hypothesis import strategies as st
from omegaconf import OmegaConf

from helpers import REPOSITORY
from saddle.config.compose import compose
from saddle.config.schema import RunSettings
from saddle.config.signature import import_target
from saddle.error import InputError
from saddle.factory.run import build

CONF = REPOSITORY / "conf"
GROUPS = {
    str(folder.relative_to(CONF)): sorted(file.stem for file in folder.glob("*.yaml"))
    for folder in sorted(CONF.rglob("*"))
    if folder.is_dir()
}
_PICTURES = (f"data.root='{REPOSITORY / 'docs' / 'figures'}'", "data.batch_size=1")

BASES = (
    (),
    ("data=digits",),
    ("data=digits", "architecture=mlp"),
    ("data=digits", "sweep=optuna"),
    ("data=image_folder", *_PICTURES),
    ("experiment=pictures", *_PICTURES),
    ("data=emnist", "loss=hinge", "penalty=none"),
    ("data=stacked_mnist", "optimizer=rmsprop"),
    ("architecture=mlp", "architecture.conditional=true", "loss=minimax", "optimizer=sgd"),
    ("augmentation=ada", "loss=non_saturating"),
    ("augmentation=diffaugment", "penalty=[balanced_consistency,lecam,feature_matching]"),
    ("penalty=[dragan,gradient_penalty,latent_consistency,mean_matching,orthogonal]", "optimizer=adamw"),
    ("loss=wasserstein", "penalty=weight_clipping"),
    ("loss=relativistic_average", "penalty=none"),
    ("loss=least_squares",),
    *((f"experiment={name}",) for name in GROUPS["experiment"] if name != "pictures"),
)
"""What the odd overrides are added to: between them they reach every file of every group."""

TARGETS = (
    *("os.system", "builtins.open", "builtins.eval", "torch.load", "subprocess.Popen", "pathlib.Path.unlink"),
    *("saddle.seed.hashed_seed", "saddle.file.replacing", "saddle.cli.train", "saddle.cli.launch.refuse"),
    *("saddle.error.InputError", "saddle.loss.hinge.Hinge", "saddle.penalty.r1.R1", "saddle.game.turn.Game"),
    *(
        "saddle.loss.hinge",
        "saddle",
        "saddle.",
        "saddle..x",
        "saddle.run.folder.os.system",
        "saddle.sweep.job.SweepStart",
    ),
    *("torch.optim.Adam", "torch.optim.LBFGS", "torch.optim.Optimizer", "torch.optim.SparseAdam", "torch.optim.Muon"),
    *("torch.optim.lr_scheduler.StepLR", "torch.optim.swa_utils.AveragedModel", "lightning.pytorch.Trainer"),
    *("lightning.pytorch.LightningModule", "lightning.pytorch.callbacks.Timer", "lightning.pytorch.loggers.CSVLogger"),
    *("lightning.pytorch.callbacks.LambdaCallback", "lightning.pytorch.loggers.WandbLogger", "collections.OrderedDict"),
    *("saddle.data.memory.MemoryData", "saddle.data.ring.Ring", "saddle.architecture.mlp.Generator", "123", "null", ""),
)
INTERPOLATIONS = (
    *("${seed}", "${data.batch_size}", "${nowhere}", "${data}", "${data.seed}", "${oc.env:HOME}", "${oc.env:NO_SUCH}"),
    *("${saddle.iterations:7}", "${saddle.iterations:x}", "${no.resolver:1}", "${hydra:job.name}", "${now:%Y}", "${"),
    *("${oc.decode:'[1,2'}", "${oc.create:{a:1}}", "${optimizer.lr}", "${..x}", "${oc.select:a.b,3}", "${seed", "???"),
)
ODD = (
    *("null", "~", "''", '""', "[]", "{}", "[[]]", "[null]", "{a:1}", "{_target_:os.system}", "[1,2,3]", "[a,b]"),
    *("true", "False", "yes", "no", "abc", "'a b'", "'ä\u2028\U0001f4a5'", "'\\n'", "a=b", "a:b", "1_000", "0x10"),
    *("'%s%n'", "'../../..'", "'/dev/zero'", "'/dev/null/x'", "'~nobody'", "'a\\tb'", "-", "--", "'${'", "'}'"),
    *("nan", "inf", "-inf", "1e400", "1e-400", "-0.0", "0", "-1", "1", "2", "1.5", "3.0", "1e3", "1e9", "1000000000"),
    *("9223372036854775808", "1" + "0" * 30, "-1" + "0" * 30, "1" + "0" * 400, "'x'*9", "x" * 300, "a,b", "1,2"),
)
JUNK = ("=", "=1", "seed", "seed==1", "seed=", "+", "~", "~~seed", "a b=1", "seed=1 2", "'", "seed='", "[=", "seed=[1")
JUNK += (
    "--help=",
    "--cfg=x",
    "@",
    "data@x=digits",
    "game@:a=vae",
    "+data/x=y",
    "data=digits@x",
    ".=1",
    "..=",
    "a..b=1",
)
JUNK += (
    "\u00e4=1",
    "seed=\\",
    "hydra.job.name=[",
    "hydra=null",
    "hydra.nowhere=1",
    "hydra/launcher=x",
    "hydra.run=null",
)
JUNK += ("hydra.sweep.dir=x", "data.=1", ".data=1", "data. batch_size=1", "data.batch_size =1", "$seed=1", "${seed}=1")


class Setting(NamedTuple):
    """A setting of a config: its dotted name, its value, its declared type, and whether the config has it already."""

    path: str
    value: Any
    kind: Any
    present: bool


def outcome(overrides: tuple[str, ...] | list[str]) -> str | None:
    """None if the config is sound and builds, else the sentence that refuses it; anything else is raised."""
    try:
        build(compose(list(overrides)))
    except InputError as refused:
        return str(refused)
    return None


@functools.cache
def plain(base: tuple[str, ...]) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return OmegaConf.to_container(hydra.compose("train", ["folder=.", *base]), resolve=True, enum_to_str=True)


@functools.cache
def settings_of(base: tuple[str, ...]) -> tuple[Setting, ...]:
    """All settings that the config with the overrides `base` has or could have."""
    return tuple(_walk("", plain(base), RunSettings))


@functools.cache
def by_kind(base: tuple[str, ...]) -> dict[str, list[Setting]]:
    """The settings of a config: values there, mappings there, and what could be added."""
    found: dict[str, list[Setting]] = {"leaf": [], "node": [], "absent": []}
    for setting in settings_of(base):
        kind = "node" if isinstance(setting.value, dict) else "leaf"
        found[kind if setting.present else "absent"].append(setting)
    return found


def _walk(path: str, value: Any, kind: Any) -> Iterator[Setting]:
    if path:
        yield Setting(path, value, kind, True)
    if not isinstance(value, dict):
        return
    hints: dict[str, Any] = {}
    is_group = inspect.isclass(kind) and kind.__module__.startswith("saddle.config.")
    target = kind if is_group else None
    if isinstance(value.get("_target_"), str):
        target = import_target(path, value["_target_"])
    if target is not None:
        hints = get_type_hints(target.__init__, include_extras=True)
        names = [name for name in inspect.signature(target).parameters if name not in value]
        yield from (Setting(f"{path}.{name}".lstrip("."), None, hints.get(name, Any), False) for name in names)
    for name, item in value.items():
        yield from _walk(f"{path}.{name}".lstrip("."), item, hints.get(name, Any))


def members(kind: Any) -> list[Any]:
    """A type's alternatives, with their bounds."""
    if get_origin(kind) in (Union, UnionType):
        return [member for part in get_args(kind) for member in members(part)]
    return [kind]


def edges(kind: Any) -> list[str]:
    """Values at, beside and beyond the borders of a declared type, as text."""
    found: list[str] = []
    for member in members(kind):
        bounds = member.__metadata__ if get_origin(member) is Annotated else ()
        bare = get_args(member)[0] if bounds else member
        if get_origin(bare) is Literal:
            found += [str(allowed) for allowed in get_args(bare)]
            found += [str(allowed) + "x" for allowed in get_args(bare)]
        elif bare is bool:
            found += ["true", "false"]
        elif bare is NoneType:
            found.append("null")
        elif bare in (int, float):
            limits = [b.ge if isinstance(b, Ge) else b.gt for b in bounds if isinstance(b, Ge | Gt)]
            limits += [b.le if isinstance(b, Le) else b.lt for b in bounds if isinstance(b, Le | Lt)]
            steps = (-1, 0, 1) if bare is int else (-1e-9, 0.0, 1e-9, 0.5, 1.0)
            found += [str(bare(limit) + step) for limit in limits or [0] for step in steps]
            found += ["3", "100", "1000000000"] if bare is int else ["1e-30", "0.3", "7.5", "1e30", "1e300"]
        elif get_origin(bare) is tuple:
            found += ["[0.5,0.9]", "[0.0,0.0]", "[0.5]", "[0.5,0.9,0.9]", "[0.5,1]", "[nan,0.5]", "[0,0]"]
        elif get_origin(bare) is not None:
            found += ["[]", "[1]", "[8,8]", "[8,0]", "[8,-1]", "[1000000000]", "[8,8,8,8,8,8]", "[1.5]", "[a]", "[[8]]"]
    return found


@st.composite
def values(draw: st.DrawFn, setting: Setting) -> str:
    """A value for a setting, as text on the command line."""
    own = edges(setting.kind)
    near = isinstance(setting.value, int | float) and not isinstance(setting.value, bool)
    kinds = ["own"] * 8 * bool(own) + ["near"] * 8 * near + ["odd"] * 3 + ["interpolation", "self", "number", "number"]
    kind = draw(st.sampled_from(kinds))
    if kind == "near":
        factor = draw(st.sampled_from([0, 0.5, 2, 3, 10, 1000]))
        return str(type(setting.value)(setting.value * factor) + draw(st.sampled_from([0, 0, 1])))
    if kind == "own":
        return draw(st.sampled_from(own))
    if kind == "odd":
        return draw(st.sampled_from(ODD))
    if kind == "self":
        return f"${{{setting.path}}}"
    if kind == "number":
        return str(draw(st.one_of(st.integers(-(2**40), 2**40), st.integers(-9, 300), st.floats())))
    return draw(st.sampled_from(INTERPOLATIONS))


def typo(draw: st.DrawFn, name: str) -> str:
    place = draw(st.integers(0, len(name) - 1))
    return draw(st.sampled_from([name[:place] + name[place + 1 :], name[:place] + "x" + name[place:], name + "s"]))


@st.composite
def override(draw: st.DrawFn, base: tuple[str, ...]) -> str:
    """One odd override of the config with the overrides `base`."""
    manner = draw(st.sampled_from(["value"] * 16 + ["group"] * 4 + ["target", "new", "delete", "typo", "junk"]))
    kinds = ["leaf"] * 9 + ["absent"] * 2 + ["node"]
    setting = draw(st.sampled_from(by_kind(base)[draw(st.sampled_from(kinds))]))
    sign = draw(st.sampled_from([""] * 9 + ["++", "++", "+"])) if setting.present else "+"
    if manner == "value":
        return f"{sign}{setting.path}={draw(values(setting))}"
    if manner == "group":
        group = draw(st.sampled_from(sorted(GROUPS)))
        option = draw(
            st.sampled_from([*GROUPS[group], *GROUPS[group], "nowhere", "null", "[]", "1", "''", "../data/mnist"])
        )
        if draw(st.integers(0, 4)) == 0:
            option = f"[{option},{draw(st.sampled_from(GROUPS[group] or ['x']))}]"
        form = draw(st.sampled_from(["{g}={o}"] * 6 + ["+{g}={o}", "~{g}", "~{g}={o}", "++{g}={o}", "{g}@x={o}"]))
        return form.format(g=group, o=option)
    if manner == "target":
        nodes = [s for s in settings_of(base) if isinstance(s.value, dict)]
        node = draw(st.sampled_from(nodes)).path
        return f"{draw(st.sampled_from(['', '+', '++']))}{node}._target_={draw(st.sampled_from(TARGETS))}"
    if manner == "new":
        text = draw(st.sampled_from(["new", "_partial_", "_args_", "_convert_", "_recursive_", "a.b.c", "0", "_x_"]))
        return f"{draw(st.sampled_from(['+', '++']))}{setting.path}.{text}={draw(values(setting))}"
    if manner == "delete":
        return f"~{setting.path}"
    if manner == "typo":
        return f"{typo(draw, setting.path)}={draw(values(setting))}"
    return draw(st.one_of(st.sampled_from(JUNK), st.text(max_size=12)))


@st.composite
def hostile(draw: st.DrawFn) -> list[str]:
    """A command line: a sound beginning, and one to four overrides that may be anything."""
    base = draw(st.sampled_from(BASES))
    return [*base, *(draw(override(base)) for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2, 2, 3, 4]))))]


def check_sentence(sentence: str) -> None:
    """Hold that a refusal is one to three plain lines that a person can act on."""
    lines = sentence.splitlines()
    assert 1 <= len(lines) <= 3, sentence
    assert all(line.strip() for line in lines), sentence
    assert "Traceback" not in sentence
    assert not re.search(r"<(class|function|object|module) |object at 0x", sentence), sentence
