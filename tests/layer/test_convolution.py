import pytest
import torch
from torch import nn

from saddle.layer.attention import SelfAttention
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.convolution import (
    Doubling,
    halved_sides,
    halved_sizes,
    halvings,
    hidden_layer,
    initialize,
    initialized,
    initialized_norms,
    widths_by_doubling,
    widths_by_halving,
)


def test_sides_halve_up_or_down():
    assert halved_sides(28, 3) == [28, 14, 7, 4]
    assert halved_sides(28, 3, up=False) == [28, 14, 7, 3]
    assert halved_sides(9, 3) == [9, 5, 3, 2]
    for up in (True, False):
        with pytest.raises(
            ValueError, match=r"image_size=8 is too small for 3 halvings \(len\(widths\)=3\): use at least 9"
        ):
            halved_sides(8, 3, up)


def test_rectangles_halve_along_both_sides():
    assert halved_sizes(28, 2) == [(28, 28), (14, 14), (7, 7)]
    assert halved_sizes([20, 9], 2, up=False) == [(20, 9), (10, 4), (5, 2)]
    with pytest.raises(ValueError, match="image_size=8 is too small for 3 halvings"):
        halved_sizes((64, 8), 3)


@pytest.mark.parametrize(
    ("size", "left"),
    [
        (3, 2),
        (4, 2),
        (8, 4),
        (12, 6),
        (15, 8),
        (16, 4),
        (28, 7),
        (32, 4),
        (64, 4),
        (96, 6),
        (100, 7),
        (128, 4),
        (255, 8),
    ],
)
def test_one_width_is_doubled_until_four_to_eight_pixels_are_left(size, left):
    widths = widths_by_halving(16, size)
    assert halved_sides(size, len(widths))[-1] == left
    assert widths == [16 * 2**index for index in range(len(widths))]
    assert widths_by_doubling(16, size) == widths[::-1]
    assert widths_by_halving(16, [size, 3 * size]) == widths_by_halving(16, (2 * size, size)) == widths


def test_widths_double_up_to_512_and_a_list_stays():
    assert widths_by_halving(32, 512) == [32, 64, 128, 256, 512, 512, 512]
    assert widths_by_halving(600, 64) == [600, 600, 600, 600]
    assert widths_by_halving([9, 5], 64) == [9, 5]
    assert widths_by_doubling((9, 5), 64) == [9, 5]
    assert (widths_by_doubling(32, 28), widths_by_halving(16, 28)) == ([64, 32], [16, 32])


@pytest.mark.parametrize(
    "module", [nn.Linear(300, 300), nn.Conv2d(30, 30, 5), nn.ConvTranspose2d(30, 30, 5), nn.Embedding(300, 300)]
)
def test_weights_begin_small_and_biases_at_zero(module):
    initialize(module)
    assert module.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert module.weight.mean().item() == pytest.approx(0, abs=1e-3)
    assert getattr(module, "bias", None) is None or not module.bias.any()


@pytest.mark.parametrize("classes", [0, 40])
def test_gains_of_batch_norm_begin_around_one(classes):
    (norm,) = initialized_norms(500, "batch", dimensions=2, classes=classes)
    gain = norm.gain.weight if classes else norm.weight
    assert type(norm) is (ConditionalBatchNorm if classes else nn.BatchNorm2d)
    assert gain.mean().item() == pytest.approx(1, abs=0.005)
    assert gain.std().item() == pytest.approx(0.02, rel=0.2)
    assert initialized_norms(500, "spectral", dimensions=2) == []


def test_spectral_normalization_divides_the_initial_weights():
    layer = initialized(nn.Linear(300, 300), "spectral")
    assert layer.parametrizations.weight.original.std().item() == pytest.approx(0.02, rel=0.03)


@pytest.mark.parametrize("side", [8, 9])
@pytest.mark.parametrize("bias", [True, False])
def test_a_side_is_doubled_to_the_size_asked_for(side, bias):
    layer = Doubling(3, 4, side, "none", bias)
    features = torch.randn(2, 3, (side + 1) // 2, (side + 1) // 2)
    whole = layer.convolution(features)
    assert torch.equal(layer(features), whole[:, :, :side, :side])
    assert layer(features).shape == (2, 4, side, side)
    assert [name for name, _ in layer.named_parameters()] == ["convolution.weight"] + ["convolution.bias"] * bias


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
@pytest.mark.parametrize("size", [16, (15, 21)])
def test_a_doubling_by_a_fixed_filter_keeps_a_constant_map_constant(upsampling, size):
    layer = Doubling(2, 3, size, "none", True, upsampling)
    height, width = (size, size) if isinstance(size, int) else size
    doubled = layer(torch.ones(1, 2, (height + 1) // 2, (width + 1) // 2))
    assert doubled.shape == (1, 3, height, width)
    inner = doubled[..., 3:-3, 3:-3]  # the convolution pads with zeros
    torch.testing.assert_close(inner, inner.mean((2, 3), keepdim=True).expand_as(inner))


@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_halvings_are_convolutions_with_norm_and_activation(normalization, kernel_size):
    layers = halvings(2, (8, 16), kernel_size, "leaky_relu", normalization)
    norm = [nn.BatchNorm2d] if normalization == "batch" else []
    kinds = [
        type(layer).__mro__[normalization == "spectral" and hasattr(layer, "parametrizations")] for layer in layers
    ]
    assert kinds == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d, *norm, nn.LeakyReLU]
    assert [layer.bias is not None for layer in layers if isinstance(layer, nn.Conv2d)] == [True, not norm]
    side = halved_sides(9, 2, up=kernel_size == 5)[-1]
    assert nn.Sequential(*layers)(torch.randn(3, 2, 9, 9)).shape == (3, 16, side, side)


def test_attention_follows_the_side_asked_for():
    layers = halvings(2, (8, 16), 4, "relu", "none", sides=(4, 2), attention=2)
    assert list(map(type, layers)) == [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.ReLU, SelfAttention]
    layers = halvings(2, (8, 16), 4, "relu", "none", sides=(4, 2), attention=4)
    assert list(map(type, layers)) == [nn.Conv2d, nn.ReLU, SelfAttention, nn.Conv2d, nn.ReLU]


def test_a_hidden_layer_has_a_bias_or_batch_norm():
    assert list(map(type, hidden_layer(4, 3, "relu", "none"))) == [nn.Linear, nn.ReLU]
    linear, norm, _ = hidden_layer(4, 3, "relu", "batch")
    assert (linear.bias, type(norm)) == (None, nn.BatchNorm1d)
    assert hasattr(hidden_layer(4, 3, "relu", "spectral")[0], "parametrizations")
