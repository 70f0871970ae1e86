import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.resampled_residual import DownBlock, UpBlock


def test_up_is_the_block_of_figure_8_with_a_shortcut_of_upsampling_and_a_convolution():
    block, features = UpBlock(3, 5, (6, 8)).eval(), torch.randn(2, 3, 3, 4)
    kinds = [type(layer) for layer in block.layers]
    assert [kind for kind in kinds if kind is not nn.ReLU] == [
        nn.BatchNorm2d,
        type(block.shortcut[1]),
        nn.Conv2d,
        nn.BatchNorm2d,
        nn.Conv2d,
    ]
    assert kinds.count(nn.ReLU) == 2
    beside = block.shortcut[0](interpolate(features, scale_factor=2))
    torch.testing.assert_close(block(features), beside + block.layers(features))
    assert block(features).shape == (2, 5, 6, 8)


def test_labels_reach_the_batch_norms_of_a_conditional_block():
    block, features = UpBlock(3, 5, (6, 8), classes=4).eval(), torch.randn(2, 3, 3, 4)
    norms = [layer for layer in block.layers if isinstance(layer, ConditionalBatchNorm)]
    assert [norm.gain.weight.shape for norm in norms] == [(4, 3), (4, 5)]
    nn.init.normal_(norms[1].gain.weight)
    assert not torch.equal(block(features, torch.tensor([0, 1])), block(features, torch.tensor([2, 1])))
    with pytest.raises(ValueError, match="needs labels"):
        block(features)


@pytest.mark.parametrize("halves", [True, False])
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("sides", [(6, 8), (7, 5)])
def test_down_has_a_shortcut_of_the_mean_and_a_convolution(first, halves, sides):
    block, features = DownBlock(3, 5, halves, "none", first), torch.randn(2, 3, *sides)
    made = block(features)
    assert made.shape == (2, 5, *((side + 1) // 2 for side in sides)) if halves else (2, 5, *sides)
    beside = block.shortcut[-1](avg_pool2d(features, 2, ceil_mode=True) if halves else features)
    torch.testing.assert_close(made, beside + block.layers(features))
    assert isinstance(block.layers[0], nn.ReLU) != first
    inner = [layer.out_channels for layer in block.layers if isinstance(layer, nn.Conv2d)]
    assert inner == ([5, 5] if first else [3, 5])


def test_a_block_that_changes_no_shape_adds_to_its_input():
    block, features = DownBlock(4, 4, halves=False, normalization="none"), torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(block(features), features + block.layers(features))
    assert not list(block.shortcut.parameters())


def test_spectral_norm_is_on_every_convolution_that_is_asked_for():
    for block in (UpBlock(3, 5, (6, 8), spectral_norm=True), DownBlock(3, 5, True, "spectral")):
        layers = [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]
        assert len(layers) == 3
        assert all(hasattr(layer, "parametrizations") for layer in layers)
    assert not any(hasattr(layer, "parametrizations") for layer in UpBlock(3, 5, (6, 8)).modules())
