"""Field A2, B4: a run's folder has one name, whatever names it, and whatever becomes of it."""

import os
import shlex
import shutil
import signal

import pytest

from helpers import SMALL, checkpoint, train
from processes import ended, sentences, started, wait_for

STEPS = ["trainer.max_steps=2"]


def step(run) -> int:
    return checkpoint(run)["global_step"]


@pytest.mark.slow
@pytest.mark.parametrize("names", [["folder=f3"], ["hydra.run.dir=f3"], ["folder=f3", "hydra.run.dir=./f3"]])
def test_a_run_goes_on_where_it_was_moved_to(tmp_path, names):
    result = train(*SMALL, *STEPS, *names, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    (tmp_path / "f3").rename(tmp_path / "f4")
    result = train("resume=f4", "trainer.max_steps=4", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert step(tmp_path / "f4") == 4
    (tmp_path / "link").symlink_to(tmp_path / "f4")
    inside = tmp_path / "inside"
    inside.mkdir()
    result = train("resume=../link", "trainer.max_steps=6", cwd=inside)
    assert result.returncode == 0, result.stderr
    assert step(tmp_path / "f4") == 6
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "outputs") == ["f4", "inside", "link"]
    assert [path.name for path in inside.iterdir() if path.name != "outputs"] == []


@pytest.mark.parametrize(
    ("place", "name"), [(".", "link.ckpt"), ("run/checkpoints", "last.ckpt"), ("run", "."), (".", "copy")]
)
def test_a_run_goes_on_by_any_path_that_leads_to_it(tmp_path, place, name):
    assert train(*SMALL, *STEPS, "folder=run", cwd=tmp_path).returncode == 0
    (tmp_path / "link.ckpt").symlink_to(tmp_path / "run" / "checkpoints" / "last.ckpt")
    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    result = train(f"resume={name}", "trainer.max_steps=4", cwd=tmp_path / place)
    assert result.returncode == 0, result.stderr
    assert (step(tmp_path / "run"), step(tmp_path / "copy")) == ((2, 4) if name == "copy" else (4, 2))


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["folder=a", "hydra.run.dir=b"], "folder=a and hydra.run.dir=b both name the run's folder"),
        (["-m", "seed=1,2", "folder=a"], "name the sweep's by hydra.sweep.dir=FOLDER"),
        (["--config-dir=own", "experiment=mine"], "folder=elsewhere is set by a config file"),
    ],
)
def test_two_names_for_two_places_are_refused(tmp_path, overrides, sentence):
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "mine.yaml").write_text("# @package _global_\nfolder: elsewhere\n")
    result = train(*SMALL, *STEPS, *overrides, cwd=tmp_path)
    assert (result.returncode, sentence in result.stderr) == (2, True), result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["own"]


@pytest.mark.slow
def test_the_printed_command_goes_on(tmp_path):
    process = started(*SMALL, "trainer.max_steps=-1", "folder=my run", cwd=tmp_path)
    wait_for(process, tmp_path / "my run" / "metrics.csv")
    process.send_signal(signal.SIGTERM)
    *_, last = sentences(ended(process))
    _, _, command = last.partition("train.py ")
    iteration = step(tmp_path / "my run")
    words = [word for word in shlex.split(command) if not word.startswith("trainer.max_steps")]
    result = train(*words, f"trainer.max_steps={iteration + 2}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert step(tmp_path / "my run") == iteration + 2


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no backslashes in names")
@pytest.mark.parametrize("name", ["a\\b", "a b", "a'b", "a=b", "a,b", "a$b", "ä", "[a]"])
def test_any_name_of_a_folder_is_resumed(tmp_path, name):
    run = tmp_path / name
    quoted = "'" + str(run).replace("'", "\\'") + "'"
    result = train(*SMALL, *STEPS, f"hydra.run.dir={quoted}", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    result = train(f"resume={quoted}", "trainer.max_steps=4", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert step(run) == 4
    assert [path.name for path in tmp_path.iterdir() if path.name != "outputs"] == [name]
