import torch
from torch import nn

from saddle.penalty.weight_clipping import WeightClipping


def test_every_parameter_is_clamped_and_nothing_else_changes():
    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[-3.0, 0.01], [0.2, 5.0]]))
        network[0].bias.copy_(torch.tensor([0.05, -0.05]))
    network[1].running_mean.fill_(9.0)
    WeightClipping(limit=0.1).apply(network)
    assert network[0].weight.tolist() == torch.tensor([[-0.1, 0.01], [0.1, 0.1]]).tolist()
    assert network[0].bias.tolist() == torch.tensor([0.05, -0.05]).tolist()
    assert network[1].weight.tolist() == torch.tensor([0.1, 0.1]).tolist()
    assert network[1].running_mean.tolist() == [9.0, 9.0]
