"""Fault 2: SIGTERM, one process: a clean save at an iteration boundary and exit 143 within seconds."""

import json
import re
import shlex
import signal
import time
from pathlib import Path

import pytest

from helpers import SMALL, checkpoint, differences, train, trained
from processes import ended, sentences, started, wait_for
from saddle.training.checkpoint import MARK, read_checkpoint
from systems import require_linux

require_linux()

CODES = {signal.SIGTERM: 143, signal.SIGUSR1: 138, signal.SIGHUP: 129}


def test_before_training_it_ends_in_one_line_and_leaves_nothing(tmp_path):
    process = started(*SMALL, cwd=tmp_path)
    while not list(tmp_path.glob("outputs/*/*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    errors = ended(process)
    assert process.returncode == 143
    assert errors == "stopped by SIGTERM before training began: give the same command again\n"
    assert list(tmp_path.glob("outputs/*/*")) == []


def stopped_by(number: int, folder: Path) -> str:
    """Train in `folder`, send the signal and check what is said; the last line."""
    process = started(*SMALL, "trainer.max_steps=-1", f"hydra.run.dir={folder}")
    wait_for(process, folder / "metrics.csv")
    process.send_signal(number)
    *_, last = sentences(ended(process))
    assert process.returncode == CODES[number]
    again = f"go on with: python train.py resume={folder}"
    assert last == f"stopped by {signal.Signals(number).name}; {again}"
    assert checkpoint(folder)["global_step"] == checkpoint(folder)[MARK]["clock"]["iteration"] >= 5
    assert list(folder.rglob(".*ckpt*")) == []
    return last


def test_in_training_it_saves_and_says_how_to_go_on(tmp_path):
    stopped_by(signal.SIGTERM, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", CODES)
def test_the_run_that_goes_on_ends_with_the_same_bits(tmp_path, number):
    last = stopped_by(number, tmp_path / "run")
    steps = f"trainer.max_steps={checkpoint(tmp_path / 'run')['global_step'] + 2}"
    result = train(shlex.split(re.search(r"train.py (.*)", last)[1])[0], steps)
    assert result.returncode == 0, result.stderr
    straight, resumed = trained(tmp_path / "straight", steps), checkpoint(tmp_path / "run")
    for content in (straight, resumed):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, resumed) == []


def stopped_in_the_last_comparison(folder: Path) -> None:
    long = ["callback.quality.num=200000", "trainer.max_steps=3"]  # a minute and more
    process = started(*SMALL, *long, f"hydra.run.dir={folder}")
    wait_for(process, folder / "checkpoints" / "00000003.ckpt", folder / "samples" / "00000003.png")
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    *_, last = sentences(ended(process))
    assert process.returncode == 143
    assert last == f"stopped by SIGTERM; go on with: python train.py resume={folder}"
    assert read_checkpoint(folder / "checkpoints" / "last.ckpt")["global_step"] == 3
    assert not (folder / "summary.json").exists()


@pytest.mark.slow
def test_during_the_last_comparison_it_does_not_wait_for_that(tmp_path):
    stopped_in_the_last_comparison(tmp_path)


@pytest.mark.slow
def test_the_last_comparison_is_made_up_for(tmp_path):
    stopped_in_the_last_comparison(tmp_path)
    result = train(f"resume={tmp_path}", "callback.quality.num=100")
    assert result.returncode == 0, result.stderr
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["finished"]
    assert "metric/frechet" in summary["metrics"]
