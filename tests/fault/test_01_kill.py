"""Fault 1: kill -9 at any instant, in the middle of a save too; what is resumed ends with the same bits."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from helpers import REPOSITORY, SMALL, checkpoint, differences, train, trained
from saddle.callback.curves import _read
from saddle.training.checkpoint import read_checkpoint
from systems import require_posix

require_posix()

SETTINGS = [*SMALL, "checkpoints.every_images=100", "checkpoints.keep=3"]
RESTS = ".*.[0-9]*"


@pytest.fixture
def elsewhere(tmp_path):
    """A TMPDIR on another file system than the run's, where there is one."""
    shared = Path("/dev", "shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        yield str(tmp_path)
        return
    place = shared / f"saddle-test-{os.getpid()}"
    place.mkdir()
    yield str(place)
    assert list(place.rglob("*.ckpt")) == []
    subprocess.run(["rm", "-r", place], check=True)


def start(folder: Path, tmpdir: str, steps: int) -> subprocess.Popen:
    """Train in `folder`, or go on there if anything was saved."""
    begun = any((folder / "checkpoints").glob("[!.]*.ckpt"))
    arguments = [f"resume={folder}"] if begun else [*SETTINGS, f"trainer.max_steps={steps}", f"hydra.run.dir={folder}"]
    if not begun and folder.exists():
        subprocess.run(["rm", "-r", folder], check=True)
    command = [sys.executable, str(REPOSITORY / "train.py"), *arguments]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=REPOSITORY, env={**os.environ, "TMPDIR": tmpdir}, **silent)


def wait_for(process: subprocess.Popen, happened, seconds: float) -> None:
    """Until `happened()`, the process ends, or the time is up."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline and not happened():
        time.sleep(0.0005)


def kill(process: subprocess.Popen, folder: Path, kind: str, chance: random.Random, usual: list[float]) -> None:
    """Kill -9 `anywhere` from the start of the process to soon after its first save, some time `later` than that, or
    `in` a save. `usual` keeps how many seconds it takes to the first save.
    """
    saves, begun = folder / "checkpoints", time.monotonic()
    if kind == "anywhere":
        wait_for(process, lambda: False, chance.uniform(0, 1.2 * usual[-1]))
    else:
        before = {path.name for path in saves.glob("0*.ckpt")}
        wait_for(process, lambda: {path.name for path in saves.glob("0*.ckpt")} - before, 120)
        usual.append(time.monotonic() - begun)
        wait_for(process, lambda: False, chance.uniform(0, 0.3))
        if kind == "in":
            wait_for(process, lambda: any(saves.glob(".last.ckpt.*")), 10)
            wait_for(process, lambda: False, chance.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    process.wait()


def killed_and_resumed(folder: Path, tmpdir: str, kills: int, steps: int, seed: int) -> Counter:
    """Kill a run so often, then let it end; what was found after the kills."""
    chance, found, usual = random.Random(seed), Counter(), []
    for number in range(kills):
        process = start(folder, tmpdir, steps)
        kill(process, folder, ("in", "later", "anywhere")[number % 3], chance, usual)
        assert process.returncode == -signal.SIGKILL, "the run ended before it was killed: give it more iterations"
        rests = list(folder.rglob(RESTS))
        found["kills"] += 1
        found["temporary files left"] += len(rests)
        for path in (folder / "checkpoints").glob("[!.]*.ckpt"):
            read_checkpoint(path)  # whole, each of them
            found["checkpoints read"] += 1
    assert start(folder, tmpdir, steps).wait() == 0
    assert list(folder.rglob(RESTS)) == []
    return found


def check(tmp_path: Path, elsewhere: str, kills: int, steps: int, capsys) -> None:
    straight = trained(tmp_path / "straight", *SETTINGS[len(SMALL) :], f"trainer.max_steps={steps}")
    folder, begun = tmp_path / "killed", time.monotonic()
    found = killed_and_resumed(folder, elsewhere, kills, steps, seed=0)
    with capsys.disabled():
        print(f"\n{dict(found)} in {time.monotonic() - begun:.0f} s")
    resumed = checkpoint(folder)
    for content in (straight, resumed):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, resumed) == []
    curves = [_read(path / "metrics.csv") for path in (tmp_path / "straight", folder)]
    for rows in curves:
        for row in rows:
            row.pop("images_per_second")
            row.pop("cpu_seconds")
    assert curves[0] == curves[1]
    assert found["kills"] == kills


def test_a_killed_run_goes_on_to_the_same_bits(tmp_path, elsewhere, capsys):
    check(tmp_path, elsewhere, 2, 150, capsys)


@pytest.mark.slow
def test_a_run_killed_thirty_times(tmp_path, elsewhere, capsys):
    check(tmp_path, elsewhere, 30, 600, capsys)


def test_what_a_killed_save_left_goes_at_the_next_start(tmp_path):
    trained(tmp_path, "trainer.max_steps=2")
    kept = [tmp_path / "checkpoints" / ".mine", tmp_path / ".hydra" / "config.yaml"]
    kept[0].write_text("not of saddle")
    for rest in (tmp_path / "checkpoints" / ".last.ckpt.4711", tmp_path / ".metrics.csv.12"):
        rest.write_bytes(b"half")
    assert train(f"resume={tmp_path}", "trainer.max_steps=3").returncode == 0
    assert list(tmp_path.rglob(RESTS)) == []
    assert all(path.exists() for path in kept)
