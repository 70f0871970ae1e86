import math

import pytest
import torch
from torch import nn

from helpers import Points, SmallDiscriminator, SmallGenerator, fit, small_module
from saddle.callback.finite import all_finite, where_not_finite
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.ema import EMA


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
    module = small_module(
        Adversarial(AdversarialObjective(NonSaturating())), networks=networks, optimizers=adam, ema=EMA(100)
    )
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
    assert words in where_not_finite(module, [])


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
    assert where_not_finite(module, losses) == "loss/discriminator/r1 is -inf in iteration 7"


def test_large_numbers_of_both_signs_are_finite():
    module = trained()
    with torch.no_grad():
        module.generator.linear.weight.fill_(1e30)
        module.discriminator.linear.weight.fill_(-1e30)
    assert all_finite(module, [])
