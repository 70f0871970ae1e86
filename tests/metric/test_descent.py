"""The training steps of feature networks."""

import pytest
import torch
from torch import nn

from saddle.metric.descent import one_cycle


def test_a_step_lowers_the_loss_and_returns_it():
    weight = nn.Parameter(torch.tensor([1.0]))
    descent = one_cycle([weight], steps=10)
    values = [descent.step((weight**2).sum()) for _ in range(10)]
    assert values[0] == 1.0
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.99


def test_gradients_are_of_one_loss_alone():
    weight = nn.Parameter(torch.tensor([1.0]))
    descent = one_cycle([weight], steps=3)
    for _ in range(2):
        descent.step(3 * weight.sum())
        assert weight.grad.item() == 3.0


def test_the_rate_rises_for_a_fifth_and_falls_to_nothing():
    weight = nn.Parameter(torch.zeros(1))
    descent = one_cycle([weight], steps=100)
    rates = []
    for _ in range(100):
        rates.append(descent.optimizer.param_groups[0]["lr"])
        descent.step(weight.sum())
    assert max(rates) == rates[19] == pytest.approx(0.004)
    assert rates[0] < 0.001
    assert rates[-1] < 1e-6
