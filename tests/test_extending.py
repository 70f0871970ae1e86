"""The package that docs/extending.md builds is built, and each of its commands trains."""

import json
import shlex

import pytest

from helpers import REPOSITORY, command, train
from saddle.plugin import ENVIRONMENT
from test_docs import shell_lines, shown_files

PAGE = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
SHORT = ["data.batch_size=8", "trainer.max_steps=2", "logger=none", "callback.quality.num=50"]
COMMANDS = [line for line in shell_lines(PAGE) if "--help" not in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all files of the page."""
    place = tmp_path_factory.mktemp("extending")
    files = {"mypkg/__init__.py": "", **shown_files(PAGE)}
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(content, encoding="utf-8")
    return place


def test_there_is_a_command_for_each_group():
    groups = {name.split("/")[2] for name in shown_files(PAGE) if name.startswith("mypkg/conf/")}
    assert groups == {
        *(
            "loss",
            "penalty",
            "method",
            "augmentation",
            "architecture",
            "game",
            "data",
            "metric",
            "callback",
            "optimizer",
        )
    }
    said = " ".join(COMMANDS)
    for name in shown_files(PAGE):
        if name.startswith("mypkg/conf/"):
            assert name.split("/")[-1].removesuffix(".yaml") in said, name


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_trains(line, folder, request):
    words = shlex.split(line)
    environment = {}
    while "=" in words[0]:
        name, _, environment[name] = words.pop(0).partition("=")
    assert words[:2] == ["saddle", "train"]
    run = folder / f"run{request.node.callspec.indices['line']}"
    place = f"hydra.sweep.dir={run}" if "-m" in words else f"hydra.run.dir={run}"
    result = train(*words[2:], *SHORT, place, cwd=folder, **{ENVIRONMENT: None, **environment})
    assert result.returncode == 0, result.stderr
    for summary in run.rglob("summary.json"):
        assert json.loads(summary.read_text(encoding="utf-8"))["iterations"] == 2
    assert list(run.rglob("summary.json"))


@pytest.mark.slow
def test_the_test_of_the_page_passes(folder):
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--rootdir", str(folder), "tests"]
    result = command("-m", "pytest", *options, cwd=folder, **{ENVIRONMENT: "mypkg"})
    assert "3 passed" in result.stdout, result.stdout


def test_the_option_is_in_the_help(folder):
    (line,) = [line for line in shell_lines(PAGE) if "--help" in line]
    assert line == f"{ENVIRONMENT}=mypkg saddle train --help"
    result = train("--help", cwd=folder, **{ENVIRONMENT: "mypkg"})
    assert "squared_hinge" in result.stdout


def test_an_option_of_a_package_that_is_not_named_is_recognized(folder):
    result = train("data=digits", "loss=squared_hinge", cwd=folder, **{ENVIRONMENT: None})
    assert result.returncode == 2
    assert result.stderr.strip() in PAGE.replace("`", ""), result.stderr
