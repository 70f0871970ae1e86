"""Fault 6: a run that stops anywhere in an epoch goes on to the bit, as if it had never stopped."""

import csv
import os
import shutil
from pathlib import Path

import pytest
from pairs import GAMES

from helpers import checkpoint, differences, train, trained
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


def check_resumes(folder: Path, choices: list[str], stops: tuple[int, ...], end: int = 26) -> None:
    """A run that stops after each of `stops` iterations, in a new process each time, equals one that never does."""
    straight = trained(folder / "straight", *choices, f"trainer.max_steps={end}")
    resumed = folder / "resumed"
    for number, steps in enumerate((*stops, end)):
        if number == 0:
            trained(resumed, *choices, f"trainer.max_steps={steps}")
        else:
            result = train(f"resume={resumed}", f"trainer.max_steps={steps}")
            assert result.returncode == 0, result.stderr
        assert checkpoint(resumed)[MARK]["clock"]["iteration"] == steps
    content = checkpoint(resumed)
    assert straight[MARK]["clock"]["iteration"] == end
    for either in (straight, content):
        either["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, content) == []
    rows = [_rows(folder / name) for name in ("straight", "resumed")]
    for row in rows[0]:
        assert row in rows[1]
    assert not any("nan" in row.values() for row in rows[1])


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.pop("images_per_second")
    return rows


@pytest.mark.parametrize("choices", [[], DCGAN, EXTRAS], ids=["mlp", "dcgan", "extras"])
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
    check_resumes(tmp_path, chosen, stops, end)
    shutil.rmtree(tmp_path)  # some hundred MB
