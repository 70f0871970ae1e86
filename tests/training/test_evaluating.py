import pytest
import torch
from torch import nn

from saddle.training.evaluating import evaluating


def test_every_module_has_its_own_mode_again_also_after_an_error():
    network = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5)).train()
    network[1].eval()
    with pytest.raises(ZeroDivisionError), evaluating([network]):
        assert not any(module.training for module in network.modules())
        network(torch.randn(3, 2))
        raise ZeroDivisionError
    assert [module.training for module in network.modules()] == [True, True, False]
    assert network[0].num_batches_tracked == 0
