import torch
from torch import nn

from saddle.game.turn import Turn
from saddle.penalty.weight_clipping import WeightClipping
from saddle.training.executor import apply_constraints, trained_parameters


def network_with_a_frozen_layer() -> nn.Module:
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    network[0].requires_grad_(False)
    return network


def test_frozen_parameters_are_not_trained():
    assert trained_parameters(network_with_a_frozen_layer()).keys() == {"1.weight", "1.bias"}


def test_constraints_hold_for_trained_weights_and_leave_frozen_ones_alone():
    network = network_with_a_frozen_layer()
    before = network[0].weight.clone()
    turn = Turn("discriminator", ("discriminator",), lambda *_: None, constraints=(WeightClipping(1e-3),))
    apply_constraints(turn, {"discriminator": network})
    assert torch.equal(network[0].weight, before)
    assert before.abs().max() > 1e-3
    assert network[1].weight.abs().max() <= 1e-3
