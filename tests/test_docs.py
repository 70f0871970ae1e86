"""What the documentation tells people to type works, and what it names exists."""

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from documented import PAGES, TRAIN, block_commands, jobs, shell_lines, without_variables
from helpers import REPOSITORY, train
from saddle.cli.tools import parsed
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.parts import build_parts

NEEDS_A_RUN = ("resume", "keep")
FILE = re.compile(r"(?<![\w/])(?:src|docs|benchmarks|tests|conf)/[\w./-]*\.(?:py|md|txt|yaml|png|json|safetensors)\b")
MODULE = re.compile(r"`(saddle(?:\.\w+)+)`")


def commands(*beginnings: str) -> list[str]:
    """Every command of the pages that begins so, once, with the page it stands on."""
    return [pytest.param(command, id=f"{page.name}: {command}") for page, command in block_commands(*beginnings)]


def shown_files(text: str) -> dict[str, str]:
    """The new files that a page shows, by the path in their first line."""
    return dict(re.findall(r"^```(?:python|yaml)\n# (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def test_sweeps_are_taken_apart():
    assert jobs(["-m", "loss=hinge,minimax", "seed=1,2", "penalty=[r1,r2]"]) == [
        ["loss=hinge", "seed=1", "penalty=[r1,r2]"],
        ["loss=minimax", "seed=1", "penalty=[r1,r2]"],
    ]
    assert jobs(["loss=hinge,minimax"]) == [["loss=hinge,minimax"]]


def test_a_command_that_is_refused_would_be_noticed():
    lines = list(
        shell_lines("```sh\npython train.py \\\n  loss=a # why\npip install x && python train.py b='[1,2]'\n```")
    )
    assert lines == ["python train.py loss=a", "pip install x", "python train.py 'b=[1,2]'"]
    with pytest.raises(InputError, match="steers by the sign"):
        build_parts(compose(["augmentation=ada"]))


@pytest.mark.parametrize("command", commands(*TRAIN))
def test_every_training_command_is_accepted(command, picture_folder, monkeypatch, tmp_path):
    overrides = shlex.split(command)[2:]
    keys = [override.split("=")[0] for override in overrides]
    if any(key in NEEDS_A_RUN for key in keys):
        pytest.skip("it goes on with a run that exists")
    if any(key in ("--config-dir", "hydra.searchpath") for key in keys):
        pytest.skip("tests/test_extending.py runs it with the files that it names")
    monkeypatch.chdir(tmp_path)
    for job in jobs([override.replace("FOLDER", str(picture_folder)) for override in overrides]):
        build_parts(compose(job))


@pytest.mark.parametrize("command", commands("saddle"))
def test_every_tool_command_is_parsed(command):
    if command.startswith("saddle train "):
        pytest.skip("it trains")
    assert callable(parsed(shlex.split(command)[1:]).run)


SYSTEM = ("python3 -m venv", ". .venv", "pre-commit install", "tensorboard --logdir", "mkdocs serve")
SYSTEM += ("sudo apt install libtcmalloc",)
"""Beginnings of commands that are not saddle's: nothing of them is tested."""

ELSEWHERE = {
    "SADDLE_PLUGINS=mypkg": "tests/test_extending.py",
    "SLURM": "none: it needs a cluster, where a script's words are the shell's",
}
"""Words of commands that other tests run."""

PIP = ("python -m pip install", "pip install")
OWN_PACKAGES = {"pre-commit"}
"""Packages that a page installs beside saddle's extras."""


def every_line() -> list[tuple[str, str]]:
    """Every command in the blocks of all pages, with its page's name; not those of pages with a script of a cluster."""
    return [
        (page.name, line)
        for page in PAGES
        for block in re.findall(r"^```sh\n.*?^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for line in shell_lines(block)
    ]


def is_tested(line: str) -> bool:
    """Whether a test of this file looks at the command, or it needs none."""
    ours = (*TRAIN, "saddle ", "python benchmarks/", "python -m pytest", *PIP, *SYSTEM)
    return without_variables(line).startswith(ours) or any(word in line for word in ELSEWHERE)


def test_every_command_is_of_a_kind_that_is_tested():
    lines = every_line()
    print(f"{len(lines)} commands in blocks, {len(set(lines))} different ones")
    assert len(lines) > 100
    assert [(page, line) for page, line in lines if not is_tested(line)] == []
    assert not is_tested("python other.py")


def scripts() -> set[str]:
    """The commands of benchmarks/ in blocks and in running text."""
    found = {line for _, line in every_line() if line.startswith("python benchmarks/")}
    for page in PAGES:
        texts = re.findall(r"`(python benchmarks/[^`]+)`", page.read_text(encoding="utf-8"))
        found |= {" ".join(text.split()) for text in texts}
    return found


def unknown_options(command: str) -> list[str]:
    """The options of a command of benchmarks/ that its script, which is there, does not know."""
    _, script, *words = shlex.split(command)
    source = (REPOSITORY / script).read_text(encoding="utf-8")
    options = [word.partition("=")[0] for word in words if word.startswith("--") and word != "--help"]
    return [option for option in options if f'"{option}"' not in source]


def test_every_command_of_a_benchmark_names_a_script_and_options_that_it_has():
    commands = scripts()
    assert len(commands) > 15
    assert {command: unknown_options(command) for command in commands if unknown_options(command)} == {}
    assert unknown_options("python benchmarks/toy.py outputs/toy --problem ring") == ["--problem"]


def refused_by_pip(line: str) -> list[str]:
    """What a line of pip names that is neither an extra of saddle, nor a package of one, nor a tested version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    packages = {Requirement(text).name for texts in extras.values() for text in texts} | OWN_PACKAGES
    pinned = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = []
    for word in shlex.split(line.split("pip install ")[1]):
        extra = re.fullmatch(r"(?:\.|saddle)\[(\w+)\]", word)
        if extra:
            wrong += [] if extra[1] in extras else [word]
        elif "==" in word:
            wrong += [] if word in pinned else [word]
        elif re.fullmatch(r"[a-z][\w-]*", word):
            wrong += [] if word in packages else [word]
    return wrong


def test_every_line_of_pip_names_extras_and_versions_that_are_there():
    lines = {line for _, line in every_line() if line.startswith(PIP)}
    assert len(lines) > 4
    assert {line: refused_by_pip(line) for line in lines if refused_by_pip(line)} == {}
    assert refused_by_pip("pip install torch==2.0.0 '.[tests]' robohsh") == ["torch==2.0.0", ".[tests]", "robohsh"]


def test_every_line_of_pytest_names_tests_that_are_there():
    lines = {line for _, line in every_line() if line.startswith("python -m pytest ")}
    paths = [word for line in lines for word in shlex.split(line) if word.startswith("tests/")]
    assert len(paths) > 2
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_module_that_is_named_exists(page):
    text = page.read_text(encoding="utf-8")
    named = set(FILE.findall(text)) - shown_files(text).keys()
    missing = [name for name in sorted(named) if not (REPOSITORY / name).is_file()]
    missing += [name for name in MODULE.findall(text) if not is_importable(name)]
    assert missing == []


def is_importable(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    path = Path(REPOSITORY / "src", *name.split("."))
    if path.is_dir() or path.with_suffix(".py").is_file():
        return True
    module, _, last = name.rpartition(".")
    is_in_module = path.parent.is_dir() or path.parent.with_suffix(".py").is_file()
    return is_in_module and hasattr(importlib.import_module(module), last)


@pytest.mark.slow
def test_the_example_of_a_new_part_trains(tmp_path):
    """The files that CONTRIBUTING.md shows, added to a copy of saddle, train by the command that it shows."""
    page = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in ("src", "conf"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "train.py", tmp_path)
    for name, content in shown_files(page).items():
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(content, encoding="utf-8")
    (overrides,) = re.findall(r"Try it with `python train.py (.+)`", page)
    command = [sys.executable, "train.py", *shlex.split(overrides), "folder=run", "logger=none"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    outcome = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    assert summary["iterations"] == 2


SHORTER = ["trainer.max_steps=2", "trainer.log_every_n_steps=1", "callback.quality.num=100", "logger=none"]
SMALLER = ["data.limit=64", "callback.game.num=20", "callback.quality.extractor=none", "callback.samples.num=4"]
SMALLER += [
    "architecture.generator.width=2",
    "architecture.generator.blocks=1",
    "architecture.discriminator.widths=[4]",
]


def python_blocks(text: str) -> list[str]:
    """The ```python blocks of a page, with `EXPRESSION  # -> VALUE` as an assertion."""
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    shown = re.compile(r"^( *)(.+?)  # -> (.+)$", re.MULTILINE)
    return [shown.sub(lambda found: f"{found[1]}assert repr({found[2]}) == {found[3]!r}", block) for block in blocks]


def test_an_example_that_shows_another_value_would_be_noticed():
    good, bad = python_blocks("```python\nx = 2\nx + 1  # -> 3\n```\n```python\nx + 1  # -> 4\n```\n")
    names = {}
    exec(good, names)
    with pytest.raises(AssertionError):
        exec(bad, names)


@pytest.mark.slow
def test_the_examples_in_python_run_in_the_order_of_the_page(tmp_path, monkeypatch):
    """Without MNIST, all but those of the run that translates."""
    page = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
    left_out = [] if os.environ.get("SADDLE_DATA_ROOT") else ["outputs/cyclegan"]
    for line in shell_lines(page):
        overrides = shlex.split(line)[2:]
        smaller = SMALLER if "experiment=cyclegan" in overrides else []
        if not any(name in line for name in left_out):
            result = train(*overrides, *SHORTER, *smaller, cwd=tmp_path)
            assert result.returncode == 0, result.stderr
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks(page)
    assert len(blocks) == 13
    names = {}
    for block in blocks:
        if not any(name in block for name in left_out):
            exec(compile(block, "docs/python.md", "exec"), names)
