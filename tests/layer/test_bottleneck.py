import pytest
import torch
from torch import nn

from saddle.layer.bottleneck import Bottleneck


def test_a_block_begins_as_the_identity_and_can_leave_it():
    block, features = Bottleneck(8, 4, blocks=3), torch.randn(2, 8, 5, 7)
    assert torch.equal(block(features), features)
    block(features).square().sum().backward()
    assert block.layers[-1].weight.grad.abs().max() > 0
    nn.init.normal_(block.layers[-1].weight)
    torch.testing.assert_close(block(features), features + block.layers(features))


def test_its_layers_are_those_of_the_paper():
    first, _, grouped, _, last = Bottleneck(32, 16, blocks=3).layers
    assert [layer.weight.shape for layer in (first, grouped, last)] == [(64, 32, 1, 1), (64, 16, 3, 3), (32, 64, 1, 1)]
    assert grouped.groups == 4
    assert [layer.bias is not None for layer in (first, grouped, last)] == [True, True, False]


@pytest.mark.parametrize("blocks", [1, 16])
def test_the_first_weights_are_scaled_down_by_the_fourth_root_of_the_number_of_blocks(blocks):
    torch.manual_seed(0)
    first, _, grouped, _, last = Bottleneck(256, 16, blocks).layers
    gain = (2 / 1.04) ** 0.5 / blocks**0.25
    assert first.weight.std().item() == pytest.approx(gain / 256**0.5, rel=0.03)
    assert grouped.weight.std().item() == pytest.approx(gain / (16 * 9) ** 0.5, rel=0.03)
    assert not last.weight.any()


@pytest.mark.parametrize(("features", "group_size", "groups"), [(8, 0, 1), (8, 16, 1), (4, 16, 1), (24, 16, 3)])
def test_groups_are_dense_at_0_and_where_there_are_fewer_features(features, group_size, groups):
    assert Bottleneck(features, group_size, 1).layers[2].groups == groups


def test_features_that_make_no_whole_groups_are_refused_with_the_mend():
    with pytest.raises(ValueError, match=r"group_size=16 does not divide the 40 .* multiple of 8 .*, or group_size=0"):
        Bottleneck(20, 16, 1)
