import math

import pytest
import torch
from lightning import Callback
from lightning.pytorch.plugins import MixedPrecision
from torch import nn

from helpers import SMALL, Points, SmallDiscriminator, SmallGenerator, fit, small_module, train
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.finite import all_finite, what_is_not
from saddle.callback.health import Health
from saddle.error import Failed
from saddle.game.adversarial import Adversarial
from saddle.loss.non_saturating import NonSaturating
from saddle.training.checkpoint import AtomicCheckpointIO, read_checkpoint
from saddle.training.ema import EMA
from watching import TURNS


class Normed(SmallGenerator):
    """With a buffer that is a number, and one that is a count."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, latent):
        return super().forward(self.norm(latent))


def trained():
    adam = {name: lambda parameters: torch.optim.Adam(parameters, lr=0.01) for name in ("discriminator", "generator")}
    networks = {"generator": Normed(), "discriminator": SmallDiscriminator(curved=True)}
    module = small_module(Adversarial(NonSaturating()), networks=networks, optimizers=adam, ema=EMA(100))
    fit(module, Points(), 2)
    return module


PLACES = {
    "weight": (lambda m: m.discriminator.linear.weight, "the weights of discriminator are not finite at iteration 2"),
    "buffer": (lambda m: m.generator.norm.running_mean, "the weights of generator are not finite at iteration 2"),
    "average": (lambda m: m.ema.networks.generator.linear.weight, "an averaged network is not finite"),
    "optimizer": (
        lambda m: m.wrapped["generator"].state[m.generator.linear.weight]["exp_avg_sq"],
        "an optimizer's state",
    ),
}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", PLACES)
def test_one_number_that_is_none_is_found_wherever_it_is(place, value):
    module = trained()
    assert all_finite(module, [])
    tensor, words = PLACES[place]
    tensor(module).data.view(-1)[1] = value
    assert not all_finite(module, [])
    assert words in what_is_not(module, [])


def test_the_first_loss_is_named_with_its_iteration():
    module = trained()
    one, bad = torch.tensor(1.0), torch.tensor(-math.inf)
    losses = [
        (6, {"discriminator": {"adversarial": one}, "generator": {"adversarial": one}}),
        (7, {"discriminator": {"adversarial": one, "r1": bad}, "generator": {"adversarial": bad}}),
        (8, {"discriminator": {"adversarial": bad}}),
    ]
    assert all_finite(module, losses[:1])
    assert not all_finite(module, losses)
    assert what_is_not(module, losses) == "loss/discriminator/r1 is -inf in iteration 7"


def test_large_numbers_of_both_signs_are_finite():
    module = trained()
    with torch.no_grad():
        module.generator.linear.weight.fill_(1e30)
        module.discriminator.linear.weight.fill_(-1e30)
    assert all_finite(module, [])


# in training


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
