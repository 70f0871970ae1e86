import json
import math

import lightning
import pytest
import torch
from lightning import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.plugins import MixedPrecision
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import SMALL, Points, SmallDiscriminator, SmallGenerator, checkpoint, differences, fit, small_module, train
from saddle.architecture.mlp import Discriminator, Generator
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.callback.quality import FRECHET, Quality
from saddle.data.digits import Digits
from saddle.error import Failed
from saddle.game.adversarial import Adversarial
from saddle.loss.hinge import Hinge
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.r1 import R1
from saddle.training.checkpoint import AtomicCheckpointIO, read_checkpoint
from saddle.training.ema import EMA

TURNS = ("discriminator", "generator")


class Jump:
    """A schedule whose factor becomes huge after so many images."""

    def __init__(self, images: int) -> None:
        self.images = images

    def factor(self, images: int) -> float:
        return 1.0 if images <= self.images else 1e200


def overflowing():
    """Goes on well for 12 iterations of 8 images."""
    return small_module(
        Adversarial(NonSaturating()), schedules=dict.fromkeys(TURNS, Jump(96)), ema=EMA(50), record={"seed": 0}
    )


@pytest.mark.parametrize(("every", "found"), [(5, 15), (1000, 20)])  # by its cadence, and before a checkpoint
def test_numbers_that_are_none_end_the_run_and_spare_the_checkpoint(tmp_path, every, found):
    module, callbacks = overflowing(), [LastCheckpoint(str(tmp_path), every_images=80), Health(every_iterations=every)]
    flags = {"enable_checkpointing": True, "plugins": [AtomicCheckpointIO()], "log_every_n_steps": 1000}
    with pytest.raises(Failed) as failure:
        fit(module, Points(), 100, callbacks, **flags)
    message = str(failure.value)
    assert message.startswith("training failed: loss/discriminator/adversarial is inf in iteration 14, the weights of ")
    assert f"The last good checkpoint is {tmp_path / 'last.ckpt'}" in message
    assert "\n" not in message
    assert module.clock.iteration == found
    content = read_checkpoint(tmp_path / "last.ckpt")
    assert content["global_step"] == 10
    tensors = [value for value in content["state_dict"].values() if isinstance(value, torch.Tensor)]
    assert len(tensors) == 6
    assert all(value.isfinite().all() for value in tensors)
    assert {path.name for path in tmp_path.iterdir()} == {"last.ckpt", "00000010.ckpt"}


def test_the_end_of_training_is_looked_at_and_no_checkpoint_is_invented():
    module = overflowing()
    with pytest.raises(Failed, match="No checkpoint had been written"):
        fit(module, Points(), 14, [Health()])
    assert module.clock.iteration == 14


class Overflowing(SmallDiscriminator):
    """Logits beyond the range of half precision, while told to."""

    factor = 1.0

    def forward(self, images):
        return super().forward(images) * self.factor


class Spike(Callback):
    """Has D overflow in the given iterations, and counts losses that are not finite."""

    def __init__(self, iterations: range) -> None:
        self.iterations, self.overflows = iterations, 0

    def on_train_batch_start(self, trainer, module, *_):
        module.discriminator.factor = 1e30 if module.clock.iteration in self.iterations else 1.0

    def on_train_batch_end(self, trainer, module, *_):
        self.overflows += not all(p.terms["adversarial"].isfinite() for p in module.played.values())


def scaled(iterations: range, steps: int) -> tuple:
    """A run under a gradient scaler whose first steps are skipped: its module, its overflows, and what it raised."""
    networks = {"generator": SmallGenerator(), "discriminator": Overflowing()}
    module, spike = small_module(Adversarial(NonSaturating()), networks=networks), Spike(iterations)
    plugin = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu", init_scale=2.0**20))
    try:
        fit(module, Points(), steps, [spike, Health(every_iterations=1)], precision=None, plugins=[plugin])
    except Failed as failed:
        return module, spike.overflows, str(failed)
    return module, spike.overflows, None


def test_steps_that_a_gradient_scaler_skips_are_no_alarm():
    module, overflows, failure = scaled(range(10, 13), 30)
    assert failure is None
    assert overflows == 3
    assert 0 < module.clock.updates["discriminator"] < 27


def test_overflows_without_end_are():
    module, _, failure = scaled(range(100), 100)
    assert "gradients overflow in half precision however small their scale" in failure
    assert module.clock.iteration < 60


def digits_module(game, generator=Generator, discriminator=Discriminator, rates=None):
    """Small MLPs on digits of 8 x 8 pixels, with Adam."""
    torch.manual_seed(3)
    rate = rates or {}
    settings = {
        "networks": {
            "generator": generator(8, 1, latent_dim=16, hidden=(64, 64)),
            "discriminator": discriminator(8, 1, hidden=(64, 64)),
        },
        "optimizers": {
            turn: lambda parameters, turn=turn: torch.optim.Adam(parameters, rate.get(turn, 1e-3), betas=(0.5, 0.99))
            for turn in TURNS
        },
        "batch_size": 32,
        "ema": EMA(2000),
        "record": {"seed": 0},
    }
    return small_module(game, **settings)


def watched(tmp_path, module, steps, *more, probe_iterations=50, **settings):
    """Train, watched closely; the alarms in TensorBoard and the readings by name."""
    health = Health(every_iterations=5, probe_iterations=probe_iterations, **settings)
    logger = TensorBoardLogger(str(tmp_path), name=None, version="")
    callbacks = [Curves(str(tmp_path / "metrics.csv")), *more, health]
    fit(module, Digits(8, 1, 10, 32, 0), steps, callbacks, logger=logger, log_every_n_steps=10, precision="32-true")
    events = EventAccumulator(str(tmp_path)).Reload()
    texts = [name.removesuffix("/text_summary") for name in events.Tags()["tensors"] if name.startswith("health/")]
    for name in texts:
        assert len(events.Tensors(f"{name}/text_summary")) == 1  # once
    readings = {
        name: [event.value for event in events.Scalars(name)]
        for name in events.Tags()["scalars"]
        if name.startswith("health/")
    }
    return {name.removeprefix("health/") for name in texts}, readings, health


def test_a_healthy_run_raises_none(tmp_path, capfd):
    module = digits_module(Adversarial(NonSaturating(), {"r1": R1(0.5)}))
    alarms, readings, _ = watched(tmp_path, module, 1000, probe_iterations=100)
    assert alarms == set()
    assert "health" not in capfd.readouterr().err
    curves = ("signal", "input_gradient_real", "input_gradient_fake", "duplicates", "neighbours", "separation")
    assert set(readings) == {f"health/{name}" for name in curves}
    assert all(len(values) == 11 for values in readings.values())  # at 10, 100, 200, ... 1000
    rows = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(rows) == 101  # its curves share the rows that are logged anyway


def test_a_discriminator_that_wins(tmp_path, capfd):
    module = digits_module(Adversarial(Minimax()), rates={"discriminator": 3e-3, "generator": 1e-4})
    alarms, readings, _ = watched(tmp_path, module, 500)
    assert "discriminator_wins" in alarms
    assert readings["health/separation"][-1] > 0.99
    lines = [line for line in capfd.readouterr().err.splitlines() if "D has won" in line]
    assert len(lines) == 1
    assert "Try loss=non_saturating" in lines[0]


def test_a_discriminator_that_loses(tmp_path, capfd):
    module = digits_module(Adversarial(Hinge()), rates={"discriminator": 1e-9})
    alarms, readings, _ = watched(tmp_path, module, 400)
    assert "discriminator_loses" in alarms
    assert "discriminator_wins" not in alarms
    assert readings["health/separation"][-1] < 0.5
    assert capfd.readouterr().err.count("D has lost") == 1


class Deaf(Generator):
    """Ignores its latent."""

    def forward(self, latent, labels=None):
        return super().forward(torch.zeros_like(latent), labels)


def test_a_generator_that_ignores_its_latent(tmp_path, capfd):
    alarms, readings, _ = watched(tmp_path, digits_module(Adversarial(NonSaturating()), Deaf), 300)
    assert "duplicates" in alarms
    assert readings["health/duplicates"] == [1.0] * 7
    assert "100% of its samples have a twin" in capfd.readouterr().err


def test_a_generator_whose_samples_are_all_of_one_class(tmp_path, capfd):
    quality = Quality(str(tmp_path / "checkpoints"), num=64, every_images=320, cache=None)  # every ten iterations
    module = digits_module(Adversarial(NonSaturating()), Deaf)
    alarms, _, _ = watched(tmp_path, module, 40, quality, probe_iterations=1000)
    assert "classes" in alarms
    line = next(line for line in capfd.readouterr().err.splitlines() if "classes in effect" in line)
    assert line.startswith("health, iteration 20: G collapses: its samples are read as 1.0 classes in effect")


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
    module = digits_module(Adversarial(Hinge()), Dark, Cliff, rates={"discriminator": 1e-6})
    alarms, readings, _ = watched(tmp_path, module, 150)
    assert "input_gradient" in alarms
    assert readings["health/input_gradient_fake"][-1] > 10 * readings["health/input_gradient_real"][-1]
    assert capfd.readouterr().err.count("D's input gradient at generated samples is") == 1


class Measures(Callback):
    """Puts a figure beside the curves, as Quality does."""

    def __init__(self, figures: dict[int, float]) -> None:
        self.figures = figures

    def on_train_batch_end(self, trainer, module, *_):
        if module.clock.iteration in self.figures:
            curves = next(callback for callback in trainer.callbacks if isinstance(callback, Curves))
            curves.add(module.clock.iteration, {FRECHET: self.figures[module.clock.iteration]})


@pytest.mark.parametrize(
    ("figures", "rings"),
    [
        ([9.0, 4.0, 7.0, 8.0, 7.0, 9.0], True),  # above 6 in three comparisons in a row
        ([9.0, 4.0, 7.0, 8.0, 5.5, 7.0, 8.0], False),
        ([9.0, 4.0, 5.9, 5.9, 5.9, 5.9], False),
    ],
)
def test_a_figure_that_rises_for_long(tmp_path, figures, rings):
    measures = Measures({5 * (i + 1): figure for i, figure in enumerate(figures)})
    game = Adversarial(NonSaturating(), {"r1": R1(0.5)})
    alarms, _, _ = watched(tmp_path, digits_module(game), 40, measures, probe_iterations=1000)
    assert alarms == ({"quality"} if rings else set())


def test_an_alarm_ends_the_run_with_a_checkpoint_where_that_is_asked(tmp_path):
    module = digits_module(Adversarial(NonSaturating()), Deaf)
    _, _, health = watched(tmp_path, module, 400, stop=True)
    assert module.clock.iteration == 200  # the fifth probe, after 10, 50, 100 and 150
    assert health.sentence.startswith("G collapses")
    assert health.sentence.endswith("(iteration 200)")


def test_training_is_the_same_with_and_without_it(tmp_path):
    first, second = (digits_module(Adversarial(NonSaturating(), {"r1": R1(0.5)})) for _ in range(2))
    watched(tmp_path, first, 60, probe_iterations=10)
    fit(second, Digits(8, 1, 10, 32, 0), 60, precision="32-true")
    assert differences(first.state_dict(), second.state_dict()) == []


def test_a_resumed_run_knows_what_was_seen(tmp_path):
    def go(steps: int, name: str, path=None) -> dict:
        health = Health(every_iterations=5, probe_iterations=20)
        flags = {"accelerator": "cpu", "devices": 1, "logger": False, "enable_progress_bar": False, "max_epochs": -1}
        flags |= {"log_every_n_steps": 10, "enable_model_summary": False, "plugins": [AtomicCheckpointIO()]}
        curves = Curves(str(tmp_path / name / "metrics.csv"))
        (tmp_path / name).mkdir(exist_ok=True)
        callbacks = [curves, Measures({25: 3.0, 55: 2.0}), LastCheckpoint(str(tmp_path / name)), health]
        trainer = lightning.Trainer(max_steps=steps, use_distributed_sampler=False, callbacks=callbacks, **flags)
        module = digits_module(Adversarial(NonSaturating()), Deaf)
        trainer.fit(module, datamodule=Digits(8, 1, 10, 32, 0), ckpt_path=path, weights_only=True)
        return read_checkpoint(tmp_path / name / "last.ckpt")["callbacks"]["Health"]

    whole = go(90, "whole")
    go(47, "halves")
    again = go(90, "halves", tmp_path / "halves" / "last.ckpt")
    assert differences(whole, again) == []
    assert whole["alarms"]["duplicates"] == {"patience": 5, "count": 5, "ringing": True}  # 10, 20, 40, 60 and 80
    assert len(whole["separations"]) == 18
    assert whole["best"] == 2.0
    assert whole["largest_signal"] > 0


def test_a_ratio_that_bounds_nothing_is_refused():
    with pytest.raises(ValueError, match="gradient_ratio=1"):
        Health(gradient_ratio=1)


def test_a_fast_development_run_is_not_judged(tmp_path):
    health = Health(every_iterations=1, probe_iterations=1)
    fit(small_module(Adversarial(NonSaturating())), Points(), 5, [health], fast_dev_run=True)
    assert health.state_dict()["separations"] == []


# the command line


def test_a_job_that_overflows_fails_in_one_sentence_and_the_others_go_on(tmp_path):
    result = train("-m", *SMALL, "optimizer.lr=1e-3,1e30", "trainer.max_steps=8", f"hydra.sweep.dir={tmp_path}")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    [failed] = tmp_path.glob("*1e*30*/error.txt")
    text = failed.read_text()
    assert text.startswith("training failed: loss/")
    assert text.endswith("Try a smaller optimizer.lr or training.clip_norm\n")
    assert text.count("\n") == 1
    assert "1 of 2 jobs finished" in result.stdout
    assert text.strip() in result.stdout
    assert not (failed.parent / "checkpoints").exists()


def test_exit_codes_and_the_command_that_goes_on(tmp_path):
    broken = train(*SMALL, "optimizer.lr=1e30", "trainer.max_steps=8", f"hydra.run.dir={tmp_path / 'a'}")
    assert broken.returncode == 1
    assert broken.stderr.splitlines()[-1].startswith("training failed: loss/")
    assert "Traceback" not in broken.stderr
    assert not (tmp_path / "a" / "checkpoints").exists()
    closely = ["callback.health.every_iterations=5", "callback.health.probe_iterations=5"]
    folder = tmp_path / "b"
    stopped = train(*SMALL, *closely, "callback.health.stop=true", f"hydra.run.dir={folder}", "trainer.max_steps=30")
    assert stopped.returncode == 1
    last = stopped.stderr.splitlines()[-1]
    assert last.startswith("training failed: G collapses: 100% of its samples")
    assert checkpoint(folder)["global_step"] == 25
    assert json.loads((folder / "summary.json").read_text())["finished"] is False
    again = last.split("go on with: python train.py ")[1].split()
    assert again == [f"resume={folder}", "trainer.max_steps=30", "callback.health.stop=false"]
    resumed = train(*again)
    assert resumed.returncode == 0, resumed.stderr
    assert "health" not in resumed.stderr  # the alarm rang before
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["iterations"], summary["finished"]) == (30, True)
    assert math.isfinite(summary["metrics"]["loss/generator"])
