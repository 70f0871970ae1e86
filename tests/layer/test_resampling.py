import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from helpers import finite_differences
from saddle.layer.convolution import Doubling
from saddle.layer.resampling import Halving, PooledTo, Upsampling, growing_sides, pyramid


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (8, 8, [(4, 4), (8, 8)]),
        (28, 28, [(7, 7), (14, 14), (28, 28)]),
        (31, 31, [(8, 8), (16, 16), (31, 31)]),
        (32, 32, [(4, 4), (8, 8), (16, 16), (32, 32)]),
        (48, 48, [(6, 6), (12, 12), (24, 24), (48, 48)]),
        (32, 48, [(4, 6), (8, 12), (16, 24), (32, 48)]),
    ],
)
def test_sides_double_from_4_to_8_pixels_up_to_the_image(height, width, expected):
    assert growing_sides(height, width) == expected
    assert pyramid(height, width, len(expected) - 1) == expected[::-1]


@pytest.mark.parametrize("size", range(8, 300))
def test_the_smallest_side_is_4_to_8(size):
    assert 4 <= growing_sides(size, size)[0][0] <= 8


def test_an_image_that_cannot_be_halved_is_refused_with_the_mend():
    with pytest.raises(ValueError, match="image_size=7 is too small for these networks: use at least 8"):
        growing_sides(32, 7)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
@pytest.mark.parametrize("sides", [(6, 10), (5, 9)])
def test_upsampling_reaches_its_sides(mode, sides):
    assert Upsampling(sides, mode)(torch.randn(2, 3, 3, 5)).shape == (2, 3, *sides)


def phases(maps: Tensor) -> Tensor:
    """The four numbers that stand next to each other, away from the border, (4, ...)."""
    inner = maps[0, 0, 4:-4, 4:-4]
    return torch.stack([inner[row::2, column::2] for row in (0, 1) for column in (0, 1)])


def test_fixed_filters_turn_a_constant_into_a_constant_and_a_transposed_convolution_does_not():
    torch.manual_seed(0)
    constant = torch.ones(1, 1, 8, 8)
    for mode in ("nearest", "bilinear"):
        layers = nn.Sequential(Upsampling((16, 16), mode), nn.Conv2d(1, 1, 3, padding=1))
        assert phases(layers(constant)).std(0).max() < 1e-6
    assert phases(Doubling(1, 1, 16, "none", bias=True)(constant)).std(0).min() > 1e-3


def test_bilinear_turns_a_ramp_into_a_ramp_and_nearest_makes_steps():
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    steps = {mode: Upsampling((16, 16), mode)(ramp)[0, 0, 8, 1:-1].diff() for mode in ("nearest", "bilinear")}
    torch.testing.assert_close(steps["bilinear"], torch.full((13,), 0.5))
    assert steps["nearest"].tolist() == [float(place % 2 == 0) for place in range(13)]


@pytest.mark.parametrize("sides", [(6, 8), (1, 4)])
def test_halving_is_bilinear_interpolation_at_half_the_size(sides):
    maps = torch.randn(2, 3, *(2 * side for side in sides))
    torch.testing.assert_close(Halving()(maps), interpolate(maps, scale_factor=0.5, mode="bilinear"))


def test_halving_an_odd_side_keeps_constants():
    assert torch.equal(Halving()(torch.ones(1, 2, 7, 5)), torch.ones(1, 2, 4, 3))
    assert Halving()(torch.arange(3.0).view(1, 1, 1, 3)).tolist() == [[[[0.5, 2.0]]]]


@pytest.mark.parametrize(("side", "windows"), [(4, [1] * 4), (7, [4] * 4), (8, [2] * 4), (11, [5] * 4), (6, [3] * 4)])
def test_pooling_takes_the_mean_of_equal_windows_over_the_whole_side(side, windows):
    line = torch.randn(1, 1, 1, side).expand(1, 1, side, side)
    pooled = PooledTo(4)(line)
    assert pooled.shape == (1, 1, 4, 4)
    step = side // 4
    expected = [line[0, 0, 0, step * i : step * i + windows[i]].mean() for i in range(4)]
    torch.testing.assert_close(pooled[0, 0, 0], torch.stack(expected))
    assert step * 3 + windows[3] == side


def test_the_gradient_of_a_halved_side_is_that_of_finite_differences():
    maps = torch.randn(1, 1, 3, 5, dtype=torch.float64)
    leaf = maps.clone().requires_grad_()
    Halving()(leaf).square().sum().backward()
    torch.testing.assert_close(leaf.grad, finite_differences(lambda x: Halving()(x).square().sum(), maps))
