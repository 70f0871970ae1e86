"""Fault 5: an exception between D's and G's step leaves no checkpoint of half an iteration."""

from helpers import SMALL, checkpoint, command, differences, train, trained
from saddle.training.checkpoint import MARK

DRIVER = """
import sys
from saddle.cli import train
from saddle.training.eager import Eager

play_turn = Eager.play_turn

def failing(executor, turn, batch):
    if executor.player.clock.iteration == 7 and turn.name == "generator":
        raise ArithmeticError("in the middle of an iteration")
    return play_turn(executor, turn, batch)

Eager.play_turn = failing
train()
"""


def test_nothing_of_half_an_iteration_is_kept(tmp_path):
    settings = ["trainer.max_steps=10", "checkpoints.every_images=300"]
    straight = trained(tmp_path / "straight", *settings)
    driver, folder = tmp_path / "driver.py", tmp_path / "run"
    driver.write_text(DRIVER)
    result = command(str(driver), *SMALL, *settings, f"hydra.run.dir={folder}")
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert result.stderr.splitlines()[-1] == "ArithmeticError: in the middle of an iteration"
    assert {path.name for path in (folder / "checkpoints").iterdir()} == {
        *("00000003.ckpt", "00000006.ckpt", "last.ckpt")
    }
    kept = checkpoint(folder)
    assert kept[MARK]["clock"]["updates"] == {"discriminator": 6, "generator": 6}
    assert not (folder / "summary.json").exists()
    result = train(f"resume={folder}")
    assert result.returncode == 0, result.stderr
    resumed = checkpoint(folder)
    for content in (straight, resumed):
        content["callbacks"].pop("Summary")  # seconds of wall time
    assert differences(straight, resumed) == []
