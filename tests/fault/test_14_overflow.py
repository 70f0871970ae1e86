"""Fault 14: an overflow in half precision: that step is skipped, EMA and counts stay right, training goes on.

A gradient scaler of torch works on the CPU, too: here it meets real overflows there.
"""

import torch
from lightning import Callback
from lightning.pytorch.plugins import MixedPrecision

from helpers import Points, SmallDiscriminator, SmallGenerator, fit, small_module
from saddle.callback.health import Health
from saddle.error import Failed
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.ema import EMA


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
    module, spike = (
        small_module(Adversarial(AdversarialObjective(NonSaturating())), networks=networks),
        Spike(iterations),
    )
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
    assert "gradients overflow in half precision" in failure
    assert module.clock.iteration < 60


class Weights(Callback):
    """Keeps G, its average, the images of its last update and the counts after each iteration."""

    def __init__(self) -> None:
        self.seen = []

    def on_train_batch_end(self, trainer, module, *_):
        weights = [
            network.linear.weight.detach().clone() for network in (module.generator, module.ema.networks.generator)
        ]
        self.seen.append((*weights, dict(module.clock.updates), module.clock.iteration, trainer.global_step))


def test_a_skipped_step_moves_neither_weights_nor_average_nor_count():
    networks = {"generator": SmallGenerator(), "discriminator": Overflowing()}
    module, weights = (
        small_module(Adversarial(AdversarialObjective(NonSaturating())), networks=networks, ema=EMA(50)),
        Weights(),
    )
    plugin = MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu", init_scale=1024.0))
    fit(module, Points(), 30, [Spike(range(10, 13)), weights], precision=None, plugins=[plugin])
    for before, after in zip(weights.seen, weights.seen[1:], strict=False):
        moved = not torch.equal(before[0], after[0])
        assert moved == (after[3] - 1 not in range(10, 13))
        assert torch.equal(before[1], after[1]) != moved
        assert (after[2]["generator"] - before[2]["generator"]) == moved
        assert after[4] == after[3]  # skipped or not, an iteration counts once
    assert module.clock.updates == {"discriminator": 27, "generator": 27}
    assert weights.seen[-1][0].isfinite().all()
