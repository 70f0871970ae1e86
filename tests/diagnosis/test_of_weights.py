"""Symptoms of units and of Adam's steps."""

import pytest
import torch
from torch import nn

from saddle.diagnosis.of_weights import dead_share, relative_step


def test_units_that_no_row_wakes_are_dead():
    layer = nn.Linear(1, 4)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.copy_(torch.tensor([0.0, -5.0, -2.0, 1.0]))
    network = nn.Sequential(layer, nn.ReLU())
    rows = torch.tensor([[-3.0], [1.0]])
    assert dead_share(network, lambda: network(rows)) == 0.5
    assert dead_share(network, lambda: (network(rows), network(rows + 2))) == 0.25


def test_a_channel_is_dead_where_all_its_places_are_and_other_activations_do_not_count():
    network = nn.Sequential(nn.Identity(), nn.ReLU())
    images = -torch.ones(2, 2, 3, 3)
    images[1, 0, 2, 2] = 1.0
    assert dead_share(network, lambda: network(images)) == 0.5
    leaky = nn.Sequential(nn.LeakyReLU())
    assert dead_share(leaky, lambda: leaky(images)) is None


def test_the_relative_step_is_that_which_adam_takes():
    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    optimizer = torch.optim.Adam([weight], lr=0.1, betas=(0.5, 0.9))
    for gradient in ([1.0, -1.0], [2.0, 0.5], [-1.0, 0.5]):
        before = weight.detach().clone()
        weight.grad = torch.tensor(gradient)
        optimizer.step()
    step = float((weight.detach() - before).norm())
    found = relative_step(optimizer.state_dict(), [before])
    assert found == pytest.approx(step / float(before.norm()), rel=1e-5)


def test_other_optimizers_have_no_such_step():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(2))], lr=0.1)
    assert relative_step(optimizer.state_dict(), [torch.ones(2)]) is None
