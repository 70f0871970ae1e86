"""Fault 19: one rank fails, or gets fewer batches: all end in time, not with 0, and the cause is told once."""

import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from helpers import REPOSITORY, SMALL
from processes import children_of, ended, sentences, started, wait_for
from saddle.data.loader import MemoryLoader
from systems import require_linux

require_linux()

RANKS = [*SMALL, "trainer=ddp_cpu", "trainer.max_steps=-1", "checkpoints.every_images=200"]
BROKEN = """
import os

from saddle.data.digits import Digits
from saddle.rank import own_rank
from saddle.training.module import GameModule

step, load = GameModule.training_step, Digits.load


def training_step(self, batch, index):
    if index == 5 and own_rank() == {rank}:
        {fault}
    step(self, batch, index)


def fewer(self):
    images, labels = load(self)
    return (images[{rows}:], labels[{rows}:]) if own_rank() == 1 else (images, labels)


GameModule.training_step, Digits.load = training_step, fewer
"""
"""A plugin, which each process of a run imports."""


def broken(tmp_path, fault: str = "pass", rank: int = 1, rows: int = 0) -> subprocess.Popen:
    """A run of two ranks in which one of them meets a fault in its sixth iteration, or the second reads fewer rows."""
    (tmp_path / "broken.py").write_text(BROKEN.format(fault=fault, rank=rank, rows=rows))
    path = os.pathsep.join([str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    return started(*RANKS, f"hydra.run.dir={tmp_path / 'run'}", SADDLE_PLUGINS="broken", PYTHONPATH=path)


def told(process: subprocess.Popen, tmp_path) -> list[str]:
    """What is told after the first lines of the run until both have ended, within seconds of the fault."""
    while not (tmp_path / "run" / "metrics.csv").exists() and process.poll() is None:
        time.sleep(0.02)
    lines = sentences(ended(process))
    first = ("run  ", "data  ", "networks  ", "device  ", "length  ", "samples  ", "watch  ", " " * 10)
    return [line for line in lines if "Initializing distributed" not in line and not line.startswith(first)]


def test_a_rank_that_is_killed_ends_the_other_which_says_so(tmp_path):
    process = broken(tmp_path)
    wait_for(process, tmp_path / "run" / "checkpoints" / "last.ckpt")
    os.kill(children_of(process)[-1], signal.SIGKILL)
    lines = told(process, tmp_path)
    assert process.returncode == 137
    again = f"go on with: python train.py resume={tmp_path / 'run'}"
    assert lines == [f"training failed: the process of rank 1 was killed by SIGKILL; {again}"]


@pytest.mark.slow
def test_the_first_rank_that_is_killed_ends_the_other_which_says_so(tmp_path):
    process = broken(tmp_path)
    wait_for(process, tmp_path / "run" / "checkpoints" / "last.ckpt")
    process.kill()
    assert told(process, tmp_path) == ["training failed: the process of rank 0 is gone"]
    assert process.returncode == -9


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_an_exception_in_one_rank_is_told_once(tmp_path, rank):
    lines = told(process := broken(tmp_path, 'raise ValueError("broken here")', rank), tmp_path)
    assert process.returncode == 1
    assert sum("ValueError: broken here" in line for line in lines) == 1
    assert sum("Traceback" in line for line in lines) == 1
    if rank == 1:
        again = f"go on with: python train.py resume={tmp_path / 'run'}"
        assert f"training failed: the process of rank 1 ended with exit code 1; {again}" in lines


@pytest.mark.slow
def test_a_rank_that_waits_for_ever_is_ended(tmp_path):
    stuck = "import torch; os._exit(3)"  # without closing what the other one listens to
    begun = time.monotonic()
    lines = told(process := broken(tmp_path, stuck), tmp_path)
    assert process.returncode == 1
    assert any("the process of rank 1 ended with exit code 3" in line for line in lines)
    assert time.monotonic() - begun < 200


@pytest.mark.slow
def test_ranks_that_have_read_different_data_are_refused(tmp_path):
    lines = sentences(ended(process := broken(tmp_path, rows=100), within=200))
    assert process.returncode == 2
    expected = (
        "data: the processes have read different numbers of images (the first one 1797): each needs the same files"
    )
    assert [line for line in lines if "Initializing" not in line] == [expected]


@pytest.mark.parametrize("images", [8, 9, 15, 23, 24])
def test_all_ranks_have_as_many_batches_of_as_many_images(images):
    loaders = [MemoryLoader(torch.zeros(images, 1, 2, 2).byte(), None, 8, 0, 2, rank, 2) for rank in (0, 1)]
    shapes = [[batch["image"].shape for batch in loader] for loader in loaders]
    assert shapes[0] == shapes[1] == [(4, 1, 2, 2)] * (images // 8)


def test_a_process_that_is_killed_before_it_joins_is_not_waited_for(tmp_path):
    """Rank 0 waits at the door for a rank that has gone, in code that no signal reaches."""
    script = tmp_path / "waits.py"
    script.write_text(WAITS)
    process = subprocess.run(
        [sys.executable, str(script)], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 131
    assert process.stderr == "\ntraining failed: the process of rank 1 was killed by SIGQUIT\n"


WAITS = """
import subprocess, sys, threading
from saddle.run.ranks import Ranks

child = subprocess.Popen([sys.executable, "-c", "import os; os.kill(os.getpid(), 3)"])
ranks = Ranks()
ranks.children.append(child)
ranks.watch()
lock = threading.Lock()
lock.acquire()
lock.acquire()
"""
