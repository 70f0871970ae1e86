"""Every command of README and docs is run, shortened by limits at its end; what is left out says why."""

import re
import shlex
import shutil

import pytest

from documented import TRAIN, block_commands
from helpers import SMALL, train, train_afresh
from saddle.cli.tools import run_tool

pytestmark = pytest.mark.slow

LIMITS = ["trainer.max_steps=2", "callback.quality.num=100", "callback.quality.cache=null", "callback.game.num=20"]
LIMITS += ["callback.samples.num=4", "callback.samples.points=20"]

LEFT_OUT = {
    "fashion": "FashionMNIST is not there",
    "sweep=optuna": "tests/sweep/test_search.py runs a search",
    "saddle replay": "tests/test_replay.py replays small runs",
    "recipes": "tests/test_extending.py runs it with the files that it names",
}
"""Words of commands that are not run here, each with the reason."""

RUN, SWEEP = "outputs/2026-11-23/10-00-00", "outputs/multirun/2026-11-23/10-00-00"
"""The folders that the pages name for a run and a sweep of the reader's own."""


def commands(*beginnings: str) -> list[str]:
    """The commands that begin so; each that is left out is skipped with the reason."""
    chosen = []
    for page, command in block_commands(*beginnings):
        reasons = [reason for word, reason in LEFT_OUT.items() if word in command]
        marks = [pytest.mark.skip(reason=reasons[0])] if reasons else []
        chosen.append(pytest.param(command, id=f"{page.name}: {command}", marks=marks))
    return chosen


def shortened(command: str, folder: str) -> list[str]:
    """The arguments of a command that trains, for the pictures in `folder`, with one seed and the limits."""
    arguments = [word.replace("FOLDER", folder) for word in shlex.split(command)[2:]]
    arguments = [re.sub(r"^(seed=\d+)(,\d+)+$", r"\1", word) for word in arguments]
    if f"resume={SWEEP}" in arguments:
        return arguments  # a sweep goes on with its own limits
    return [*arguments, *LIMITS, *(["trainer.max_steps=12"] if f"resume={RUN}" in arguments else [])]


@pytest.fixture
def project(tmp_path, vae, monkeypatch):
    """A folder with a run, a sweep and samples where the pages say that the reader has them."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(vae, tmp_path / RUN)
    return tmp_path


def with_sweep(folder) -> None:
    result = train("-m", *SMALL, "trainer.max_steps=1", "seed=1,2", f"hydra.sweep.dir={SWEEP}", cwd=folder)
    assert result.returncode == 0, result.stderr


def with_default_networks(folder) -> None:
    """Put a run of the default recipe in the place of the other one, for commands that begin with its weights."""
    shutil.rmtree(folder / RUN)
    result = train("data=digits", *LIMITS, f"folder={RUN}", cwd=folder)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", commands(*TRAIN))
def test_every_training_command_trains(command, project, picture_folder, mnist_root):
    if "init=" in command:
        with_default_networks(project)
    if SWEEP in command:
        with_sweep(project)
    play = train_afresh if "parallel" in command else train  # workers of joblib's start a program of their own
    result = play(*shortened(command, str(picture_folder)), cwd=project)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", [one for one in commands("saddle") if "saddle train" not in one.values[0]])
def test_every_tool_command_is_answered(command, project, request, mnist_root, capsys):
    words = shlex.split(command)[1:]
    if SWEEP in words:
        with_sweep(project)
    kind = "cyclegan" if words[0] == "translate" else "points" if "points.npz" in words else None
    if kind is not None:
        shutil.rmtree(project / RUN)
        shutil.copytree(request.getfixturevalue(kind), project / RUN)
    if "samples.npz" in words and words[0] == "evaluate":
        result = train(*SMALL, "trainer.max_steps=1", "folder=digits", cwd=project)  # of 28 pixels, as MNIST
        assert result.returncode == 0, result.stderr
        assert run_tool(["sample", "digits", "--num", "100", "--format", "npz", "--out", "samples.npz"]) == 0
    limit = ["--num", "100"] if words[0] == "evaluate" or "10000" in words else []
    assert run_tool([*words, *limit]) == 0, capsys.readouterr().err


def test_what_is_left_out_is_named_and_little():
    every = block_commands(*TRAIN, "saddle")
    left_out = [command for _, command in every if any(word in command for word in LEFT_OUT)]
    assert len(left_out) < len(every) / 8
    for word in LEFT_OUT:
        assert any(word in command for command in left_out), word
