"""Fault 3: SIGTERM to the launcher, to one rank or to the group of two ranks: the same; no hang, no orphan."""

import os
import random
import signal
import time

import pytest

from helpers import SMALL, checkpoint
from processes import children_of, ended, sentences, started, wait_for
from saddle.training.checkpoint import MARK
from systems import require_linux

require_linux()

RANKS = [*SMALL, "trainer=ddp_cpu", "trainer.max_steps=-1"]


def tell(process, whom: str, number: int) -> None:
    if whom == "group":
        os.killpg(process.pid, number)
    else:
        os.kill(process.pid if whom == "launcher" else children_of(process)[-1], number)


@pytest.mark.parametrize(
    "whom", ["one rank", *(pytest.param(whom, marks=pytest.mark.slow) for whom in ("launcher", "group"))]
)
def test_all_ranks_stop_at_the_same_iteration(tmp_path, whom):
    process = started(*RANKS, f"hydra.run.dir={tmp_path}")
    wait_for(process, tmp_path / "metrics.csv")
    tell(process, whom, signal.SIGTERM)
    *_, last = sentences(ended(process))
    assert process.returncode == 143
    assert last == f"stopped by SIGTERM; go on with: python train.py resume={tmp_path}"
    assert checkpoint(tmp_path)[MARK]["clock"]["iteration"] >= 5


@pytest.mark.slow
@pytest.mark.parametrize("whom", ["launcher", "one rank", "group"])
def test_at_any_instant_nothing_hangs_or_is_left(tmp_path, whom):
    chance = random.Random(whom)
    for attempt in range(4):
        process = started(*RANKS, f"hydra.run.dir={tmp_path / str(attempt)}")
        if whom == "one rank":
            while not children_of(process):
                assert process.poll() is None
                time.sleep(0.02)
        time.sleep(chance.uniform(0.5, 15))
        tell(process, whom, signal.SIGTERM)
        errors = ended(process, within=90)
        assert process.returncode in (143, -15), errors
        assert "Traceback" not in errors
