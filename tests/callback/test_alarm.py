import pytest
import torch

from helpers import default_metrics
from saddle.architecture.mlp import Discriminator, Generator
from saddle.callback.alarm import Alarm, conditions
from saddle.callback.quality import Quality
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.hinge import Hinge
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.r1 import R1
from watching import Deaf, digits_module, watched


def rung(observations: str, patience: int) -> list[int]:
    """Where an alarm rings in a row of bad (x), fine (.) and in-between (-) observations."""
    alarm = Alarm(patience)
    return [i for i, kind in enumerate(observations) if alarm.observe(kind == "x", kind == ".")]


@pytest.mark.parametrize(
    ("observations", "patience", "expected"),
    [
        ("xxxxxx", 1, [0]),
        ("xxxxxx", 3, [2]),
        ("x.x.x.", 2, []),
        ("x-xx-x", 2, [3]),  # in between, the row is broken
        ("xx-xx-xx", 2, [1]),  # but the alarm has not cleared
        ("xx.xx", 2, [1, 4]),
        ("......", 1, []),
    ],
)
def test_an_alarm_rings_once_until_it_has_cleared(observations, patience, expected):
    assert rung(observations, patience) == expected


WINS = {"separation": 1.0, "signal_share": 1e-5}
LOSES = {"separation": 0.1, "neighbors": 0.99}
TWINS = {"duplicates": 0.8, "real_duplicates": 0.01}


@pytest.mark.parametrize(
    ("name", "readings", "verdict"),
    [
        ("discriminator_wins", WINS, "bad"),
        ("discriminator_wins", {**WINS, "signal_share": 0.5}, "fine"),  # D is always right, and G learns from it
        ("discriminator_wins", {**WINS, "separation": 0.8}, "fine"),
        ("discriminator_wins", {**WINS, "signal_share": 0.05}, "between"),
        ("discriminator_loses", LOSES, "bad"),
        ("discriminator_loses", {**LOSES, "neighbors": 0.7}, "fine"),  # D guesses, and samples look like images
        ("discriminator_loses", {**LOSES, "separation": 0.9}, "fine"),
        ("discriminator_loses", {**LOSES, "separation": 0.55}, "between"),
        ("input_gradient", {"gradient_ratio": 101.0}, "bad"),
        ("input_gradient", {"gradient_ratio": 1 / 101}, "bad"),
        ("input_gradient", {"gradient_ratio": 50.0}, "between"),
        ("input_gradient", {"gradient_ratio": 1 / 50}, "between"),
        ("input_gradient", {"gradient_ratio": 3.0}, "fine"),
        ("duplicates", TWINS, "bad"),
        ("duplicates", {**TWINS, "real_duplicates": 0.45}, "between"),  # the data repeats itself
        ("duplicates", {**TWINS, "duplicates": 0.4}, "between"),
        ("duplicates", {**TWINS, "duplicates": 0.1}, "fine"),
    ],
)
def test_what_is_bad_what_is_fine_and_what_lies_between(name, readings, verdict):
    condition = conditions(duplicate_share=0.5, gradient_ratio=100.0)[name]
    assert set(condition.needs) == set(readings)
    found = (condition.bad(readings), condition.fine(readings))
    assert found == (verdict == "bad", verdict == "fine")
    assert "{" not in condition.text.format(**readings)


# in training


def test_a_healthy_run_raises_none(tmp_path, capfd):
    module = digits_module(Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(0.5)})))
    alarms, readings, _ = watched(tmp_path, module, 1000, probe_iterations=100)
    assert alarms == set()
    assert "health" not in capfd.readouterr().err
    curves = ("signal", "input_gradient_real", "input_gradient_fake", "duplicates", "neighbors", "separation")
    assert set(readings) == {f"health/{name}" for name in curves}
    assert all(len(values) == 11 for values in readings.values())  # at 10, 100, 200, ... 1000
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 101  # its curves share the rows that are logged anyway


def test_a_discriminator_that_wins(tmp_path, capfd):
    module = digits_module(
        Adversarial(AdversarialObjective(Minimax())), rates={"discriminator": 3e-3, "generator": 1e-4}
    )
    alarms, readings, _ = watched(tmp_path, module, 500)
    assert "discriminator_wins" in alarms
    assert readings["health/separation"][-1] > 0.99
    lines = [line for line in capfd.readouterr().err.splitlines() if "D has won" in line]
    assert len(lines) == 1
    assert "Try loss=non_saturating" in lines[0]


def test_a_discriminator_that_loses(tmp_path, capfd):
    module = digits_module(Adversarial(AdversarialObjective(Hinge())), rates={"discriminator": 1e-9})
    alarms, readings, _ = watched(tmp_path, module, 400)
    assert "discriminator_loses" in alarms
    assert "discriminator_wins" not in alarms
    assert readings["health/separation"][-1] < 0.5
    assert capfd.readouterr().err.count("D has lost") == 1


def test_a_generator_that_ignores_its_latent(tmp_path, capfd):
    alarms, readings, _ = watched(
        tmp_path, digits_module(Adversarial(AdversarialObjective(NonSaturating())), Deaf), 300
    )
    assert "duplicates" in alarms
    assert readings["health/duplicates"] == [1.0] * 7
    assert "100% of its samples nearly equal another sample" in capfd.readouterr().err


def test_a_generator_whose_samples_are_all_of_one_class(tmp_path, capfd):
    every_ten = {"num": 64, "every_images": 320, "cache": None}
    quality = Quality(str(tmp_path / "checkpoints"), default_metrics(), **every_ten)
    module = digits_module(Adversarial(AdversarialObjective(NonSaturating())), Deaf)
    alarms, _, _ = watched(tmp_path, module, 40, quality, probe_iterations=1000)
    assert "classes" in alarms
    line = next(line for line in capfd.readouterr().err.splitlines() if "classes in effect" in line)
    assert line.startswith("health, iteration 20: G collapses: its samples show 1.0 classes in effect")


@pytest.mark.parametrize(("steps", "rings"), [(40, True), (30, False)])
def test_the_only_comparison_is_judged_at_the_end_of_a_run_that_was_long_enough_to_be_probed(tmp_path, steps, rings):
    quality = Quality(str(tmp_path / "checkpoints"), default_metrics(), num=64, every_images=None, cache=None)
    module = digits_module(Adversarial(AdversarialObjective(NonSaturating())), Deaf)
    alarms, _, health = watched(tmp_path, module, steps, quality, probe_iterations=35)
    assert ("classes" in alarms) == ("classes" in health.ringing()) == rings
    assert health.state_dict()["alarms"]["classes"]["ringing"] is False  # a checkpoint does not know of the end


class Cliff(Discriminator):
    """Steep where images are dark, as generated ones are; flat elsewhere."""

    def forward(self, images, labels=None):
        steep = torch.where(images.mean((1, 2, 3)) < -0.99, 100.0, 1.0)
        return super().forward(images, labels) * steep


class Dark(Generator):
    """Draws almost nothing."""

    def forward(self, latent, labels=None):
        return super().forward(latent, labels) * 0.001 - 0.999


def test_a_discriminator_that_is_steep_at_generated_images(tmp_path, capfd):
    module = digits_module(Adversarial(AdversarialObjective(Hinge())), Dark, Cliff, rates={"discriminator": 1e-6})
    alarms, readings, _ = watched(tmp_path, module, 150)
    assert "input_gradient" in alarms
    assert readings["health/input_gradient_fake"][-1] > 10 * readings["health/input_gradient_real"][-1]
    assert capfd.readouterr().err.count("D's input gradient at generated samples is") == 1
