import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from saddle.error import InputError
from saddle.export.network import exported, plain


def test_a_plain_network_has_the_same_bits_and_the_original_keeps_its_own():
    network = nn.Sequential(spectral_norm(nn.Linear(5, 4)), nn.ReLU(), spectral_norm(nn.Conv2d(4, 3, 1))).eval()
    copied = plain(network)
    assert [name for name, _ in copied.named_parameters()] == ["0.bias", "0.weight", "2.bias", "2.weight"]
    assert torch.equal(copied[0].weight, network[0].weight)
    assert torch.equal(copied[2].weight, network[2].weight)
    assert "parametrizations" in dict(network[0].named_children())


def test_another_network_is_refused():
    with pytest.raises(InputError, match=r"architecture\.critic: a Linear cannot be exported"):
        exported("critic", nn.Linear(1, 1))
