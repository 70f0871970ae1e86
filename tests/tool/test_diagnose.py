"""`saddle diagnose` on a healthy run, on broken ones, and on runs that do not show everything."""

import json
import re
import shlex
import shutil

import pytest

from helpers import train, trained
from saddle.cli.tools import parsed, run_tool
from saddle.config.compose import compose

SMALL = ["data=digits", "data.image_size=16", "architecture=mlp", "architecture.generator.hidden=[128,128]"]
SMALL += ["architecture.discriminator.hidden=[128,128]", "logger=none", "objective=null", "~callback.samples"]
SMALL += ["callback.quality.extractor=none", "trainer.log_every_n_steps=10", "experiment=none"]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A run of 400 iterations that works."""
    path = tmp_path_factory.mktemp("healthy") / "run"
    trained(path, *SMALL, "trainer.max_steps=400", "checkpoints.every_images=3200")
    return path


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A run whose learning rates are a hundred times too high, and what it said."""
    path = tmp_path_factory.mktemp("broken") / "a run"
    settings = [*SMALL, "trainer.max_steps=120", "optimizer.lr=0.2", "callback.health.probe_iterations=10"]
    result = train(*settings, f"hydra.run.dir='{path}'", "data.batch_size=50")
    assert result.returncode == 0, result.stderr
    return path, result


def report_of(path, capsys) -> dict:
    capsys.readouterr()
    assert run_tool(["diagnose", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_healthy_run_is_healthy(healthy, capsys):
    report = report_of(healthy, capsys)
    assert report["healthy"] is True
    assert report["unseen"] == []
    assert report["symptoms"]["distance"] < 0.1
    assert run_tool(["diagnose", str(healthy)]) == 0
    assert capsys.readouterr().out.startswith("healthy\n")


def test_a_broken_run_gets_its_cause_its_evidence_and_a_command_that_composes(broken, capsys):
    path, _ = broken
    report = report_of(path, capsys)
    first = report["causes"][0]
    assert (report["healthy"], first["name"], first["sureness"]) == (False, "rates_too_high", "sure")
    assert first["evidence"]["largest_rate"] == 0.2
    assert first["settings"] == ["optimizer.discriminator.lr=0.002", "optimizer.generator.lr=0.002"]
    words = shlex.split(first["command"])
    assert words[:2] == ["python", "train.py"] or words[:2] == ["saddle", "train"]
    mended = compose(words[2:]).optimizer
    assert (mended["discriminator"]["lr"], mended["generator"]["lr"]) == (0.002, 0.002)
    assert run_tool(["diagnose", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("rates_too_high (sure)\n")
    assert re.search(r"largest_rate +0.2 1 per step +suspect above 0.004", printed)
    assert first["command"] in printed


def test_a_run_that_had_an_alarm_ends_with_the_cause_and_the_command(broken):
    _, result = broken
    assert "health, iteration" in result.stderr
    line = next(line for line in result.stderr.splitlines() if line.startswith("cause: "))
    assert re.match(r"cause: rates_too_high \(\w+\); see saddle diagnose ", line)
    assert shlex.split(line)[-1].endswith("a run")


def test_a_run_without_curves_says_so(healthy, tmp_path, capsys):
    shutil.copytree(healthy, tmp_path / "run")
    (tmp_path / "run" / "metrics.csv").unlink()
    report = report_of(tmp_path / "run", capsys)
    assert report["healthy"] is True
    assert re.search(r"curves \(.*there is no metrics.csv", report["unseen"][0])
    assert "loss_swing" not in report["symptoms"]


def test_damaged_curves_and_a_damaged_checkpoint_are_said(healthy, tmp_path, capsys):
    shutil.copytree(healthy, tmp_path / "run")
    (tmp_path / "run" / "metrics.csv").write_text("iteration,loss/discriminator\n10,what\n")
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:1000])
    capsys.readouterr()
    assert run_tool(["diagnose", str(tmp_path / "run"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert "warning: " in err and "is used instead" in err
    assert "the curves are damaged" in json.loads(out)["unseen"][0]


def test_a_checkpoint_alone_is_diagnosed_by_what_it_holds(healthy, tmp_path, capsys):
    shutil.copy(healthy / "checkpoints" / "last.ckpt", tmp_path / "last.ckpt")
    report = report_of(tmp_path / "last.ckpt", capsys)
    assert report["healthy"] is True
    assert "improvement" not in report["symptoms"]


def test_a_game_without_a_discriminator_is_diagnosed_by_its_samples(tmp_path, capsys):
    settings = ["data=digits", "game=vae", "architecture=mlp", "architecture/encoder=mlp", "trainer.max_steps=10"]
    trained(tmp_path / "run", *settings, "callback.quality.extractor=none", "logger=none", "~callback.game")
    report = report_of(tmp_path / "run", capsys)
    assert "distance" in report["symptoms"]
    assert "tells_apart" not in report["symptoms"]
    assert report["causes"][0]["name"] == "budget_too_short"
    assert shlex.split(report["causes"][0]["command"])[2:] == [f"resume={tmp_path / 'run'}", "trainer.max_steps=1000"]


def test_no_run_is_refused_in_a_sentence(tmp_path, capsys):
    assert run_tool(["diagnose", str(tmp_path / "none")]) == 2
    assert "no such run folder" in capsys.readouterr().err
    assert parsed(["diagnose", "RUN"]).json is False
