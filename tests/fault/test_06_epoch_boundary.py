"""Fault 6: a run that stops anywhere in an epoch goes on to the bit, as if it had never stopped."""

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
from pairs import GAMES

from helpers import SMALL, checkpoint, command, differences, train
from saddle.training.checkpoint import MARK

DCGAN = ["architecture=dcgan", "architecture.generator.widths=[8,4]", "architecture.discriminator.widths=[4,8]"]
DCGAN += ["architecture.conditional=true", "trainer.precision=64-true"]
EXTRAS = [
    "game.n_critic=2",
    "loss=hinge",
    "penalty=[gradient_penalty,lecam]",
    "penalty.gradient_penalty.every_iterations=3",
    "augmentation=ada",
    "augmentation.ada.speed_images=1000",
    "training.accumulate=2",
    "data.batch_size=50",
    "training.schedule.generator.shape=cosine",
    "training.schedule.generator.horizon_images=3000",
    "training.clip_norm.discriminator=1.0",
]
PROCESSES = {1: ["trainer=cpu"], 2: ["trainer=ddp_cpu"]}
MEASURED = ["callback.quality.every_images=400", "callback.health.every_iterations=2", "checkpoints.every_images=400"]
LAST, FIRST = 17, 18  # after the last batch of an epoch and the first of the next, of 1,797 digits in batches of 100


FORKS = """
import json, os, sys, traceback
import saddle.run.train  # once, for all the runs
from saddle.cli import train

def leave(arguments):
    sys.argv[1:], code = arguments, 0
    try:
        train()
    except SystemExit as leaving:
        code = leaving.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(code)

for arguments in json.loads(os.environ["RUNS"]):
    if (child := os.fork()) == 0:
        leave(arguments)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        sys.exit(code)
"""


def forked(folder: Path, runs: list[list[str]]) -> None:
    """These command lines of train.py, one after the other, each in a process that has trained nothing before."""
    (folder / "forks.py").write_text(FORKS)
    result = command(str(folder / "forks.py"), RUNS=json.dumps(runs))
    assert result.returncode == 0, result.stderr


def one_by_one(folder: Path, runs: list[list[str]]) -> None:
    """These command lines, by train.py itself."""
    for arguments in runs:
        result = train(*arguments)
        assert result.returncode == 0, result.stderr


def check_resumes(folder: Path, choices: list[str], stops: tuple[int, ...], end: int = 26, play=one_by_one) -> None:
    """A run that stops after each of `stops` iterations, in a new process each time, equals one that never does."""
    new = [*SMALL, *choices]
    runs = [[*new, f"hydra.run.dir={folder / 'straight'}", f"trainer.max_steps={end}"]]
    runs += [[*new, f"hydra.run.dir={folder / 'resumed'}", f"trainer.max_steps={stops[0]}"]]
    runs += [[f"resume={folder / 'resumed'}", f"trainer.max_steps={steps}"] for steps in (*stops[1:], end)]
    play(folder, runs)
    straight, content = checkpoint(folder / "straight"), checkpoint(folder / "resumed")
    assert straight[MARK]["clock"]["iteration"] == end
    for either in (straight, content):
        either["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, content) == []
    straight_rows, rows = (_rows(folder / name) for name in ("straight", "resumed"))
    assert {step: rows[step] for step in straight_rows} == straight_rows
    assert set(rows) == {*straight_rows, *map(str, stops)}
    assert not any("nan" in row.values() for row in rows.values())


def _rows(folder: Path) -> dict[str, dict[str, str]]:
    """The curves by iteration, without what a process measures because it ends there."""
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    ends = ("images_per_second", "cpu_seconds", "metric/", "health/")
    return {row["iteration"]: {k: v for k, v in row.items() if v and not k.startswith(ends)} for row in rows}


@pytest.mark.parametrize(
    "choices",
    [pytest.param([], marks=pytest.mark.slow), pytest.param(DCGAN, marks=pytest.mark.slow), EXTRAS],
    ids=["mlp", "dcgan", "extras"],
)
def test_a_resumed_run_is_bitwise_the_uninterrupted_one(tmp_path, choices):
    check_resumes(tmp_path, choices, (9, LAST, FIRST))


@pytest.mark.slow
@pytest.mark.parametrize("choices", [[], EXTRAS], ids=["mlp", "extras"])
def test_two_processes(tmp_path, choices):
    check_resumes(tmp_path, [*PROCESSES[2], *choices], (9, LAST, FIRST))


@pytest.mark.slow
@pytest.mark.parametrize("processes", PROCESSES)
@pytest.mark.parametrize("name", GAMES)
def test_every_game_with_what_it_measures(tmp_path, name, processes):
    chosen = [*GAMES[name], *PROCESSES[processes], "callback.game.every_images=400", *MEASURED]
    if "data=mnist_pair" in chosen and "SADDLE_DATA_ROOT" not in os.environ:
        pytest.skip("SADDLE_DATA_ROOT is not set: this game needs MNIST")
    if name == "cyclegan":
        chosen += ["data.batch_size=8", "data.limit=72", "trainer.log_every_n_steps=1", "callback.game.num=16"]
        stops, end = (8, 9, 10), 12  # nine batches in an epoch
    else:
        stops, end = (LAST, FIRST), 22
    play = forked if processes == 1 and hasattr(os, "fork") else one_by_one
    check_resumes(tmp_path, chosen, stops, end, play)
    shutil.rmtree(tmp_path)  # some hundred MB


@pytest.mark.slow
def test_the_compiled_executor_goes_on_to_the_bit_too(tmp_path):
    lazy = ["training=fast", "loss=relativistic", "penalty=[r1,r2]", "penalty.r1.every_iterations=3", "game.n_critic=2"]
    check_resumes(tmp_path, lazy, (LAST, FIRST))
