import math

import pytest
import torch

from saddle.augmentation import geometry
from saddle.augmentation.pixel import shifted, warped

ONE = 0.8413447460685429  # the normal number that belongs to it is 1
DOUBLE = 0.9999997133484281  # 5: five standard deviations of log2 of a scale are 1


def pair(*numbers: float) -> torch.Tensor:
    """Numbers (N, 2), the same twice in each row."""
    return torch.tensor(numbers, dtype=torch.float64)[:, None].expand(-1, 2)


@pytest.mark.parametrize("side", [27, 28, 32])
def test_flips_and_quarter_turns_move_whole_pixels(side):
    x = torch.randn(4, 3, side, side, dtype=torch.float64)
    numbers = pair(0.0, 0.3, 0.6, 0.8)
    flipped = warped(x, geometry.flip(numbers, side))
    assert torch.equal(flipped, torch.cat([x[:2], x[2:].flip(3)]))
    turned = warped(x, geometry.quarter_turn(numbers, side))
    for turns in range(4):
        assert torch.equal(turned[turns], x[turns].rot90(-turns, (1, 2)))


def test_translation_moves_right_and_down_by_whole_pixels():
    x = torch.randn(3, 1, 28, 28)
    numbers = torch.tensor([[0.0, 0.5], [0.999, 0.5], [0.5, 0.65]])  # of 7 pixels: -3.5 (-4 at 0 alone), 3.49, 1.05
    expected = shifted(x, torch.tensor([0, 0, 1]), torch.tensor([-4, 3, 0]))
    assert torch.equal(warped(x, geometry.translation(numbers, 28)), expected)


SHARES = {
    28: dict.fromkeys(range(-3, 4), 1 / 7),
    32: {**dict.fromkeys(range(-4, 5), 1 / 8), -4: 1 / 16, 4: 1 / 16},
}


@pytest.mark.parametrize(("side", "shares"), SHARES.items())
def test_translations_are_distributed_as_a_rounded_uniform_number(side, shares):
    numbers = pair(*((torch.arange(56_000) + 0.5) / 56_000).tolist())
    values, counts = (-geometry.translation(numbers, side)[:, 0, 2]).unique(return_counts=True)
    found = dict(zip(values.int().tolist(), (counts / 56_000).tolist(), strict=True))
    assert found == pytest.approx(shares, abs=1e-4)


def test_scale_makes_what_is_seen_larger_about_the_center():
    change = geometry.scale(pair(DOUBLE, 0.5, 1 - DOUBLE), 28)
    expected = torch.stack([torch.diag(torch.tensor([f, f, 1.0], dtype=torch.float64)) for f in (0.5, 1.0, 2.0)])
    torch.testing.assert_close(change, expected, rtol=1e-7, atol=1e-12)
    x = torch.full((1, 1, 28, 28), -1.0, dtype=torch.float64)
    x[:, :, 10:18, 10:18] = 1.0
    grown = warped(x, change[:1])
    assert grown[0, 0].gt(0).nonzero().aminmax(dim=0).min.tolist() == [6, 6]
    assert grown[0, 0].gt(0).nonzero().aminmax(dim=0).max.tolist() == [21, 21]


def test_stretch_keeps_the_area():
    change = geometry.stretch(pair(DOUBLE, 0.2), 28)
    expected = torch.diag(torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(change[0], expected, rtol=1e-7, atol=1e-12)
    torch.testing.assert_close(change.det(), torch.ones(2, dtype=torch.float64), rtol=1e-12, atol=0)


def test_rotation_turns_within_its_degrees_to_either_side():
    x = torch.randn(1, 1, 28, 28, dtype=torch.float64)
    whole = warped(x, geometry.rotation(pair(0.0), 28, degrees=180.0))
    torch.testing.assert_close(whole, x.rot90(2, (2, 3)), rtol=0, atol=1e-12)
    quarter = warped(x, geometry.rotation(pair(0.75), 28, degrees=180.0))  # +90 degrees
    torch.testing.assert_close(quarter, x.rot90(-1, (2, 3)), rtol=0, atol=1e-12)
    ends = geometry.rotation(pair(0.0, 0.5, 1.0), 28, degrees=15.0)
    angles = torch.atan2(ends[:, 0, 1], ends[:, 0, 0])
    expected = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64) * math.radians(15)
    torch.testing.assert_close(angles, expected, rtol=0, atol=1e-12)


def test_fractional_translation_is_normal_in_eighths_of_the_side():
    change = geometry.fractional_translation(torch.tensor([[ONE, 0.5], [0.5, 1 - ONE]], dtype=torch.float64), 32)
    x = torch.randn(2, 1, 32, 32, dtype=torch.float64)
    expected = shifted(x, torch.tensor([0, -4]), torch.tensor([4, 0]))
    torch.testing.assert_close(warped(x, change), expected, rtol=0, atol=1e-10)


def test_shifts_of_rectangles_are_shares_of_each_side():
    numbers = torch.tensor([[0.999, 0.0], [0.0, 0.999]], dtype=torch.float64)  # right, down
    assert geometry.translation(numbers, (16, 40))[:, :2, 2].tolist() == [[-5.0, 2.0], [5.0, -2.0]]
    change = geometry.fractional_translation(pair(ONE), (16, 40))
    torch.testing.assert_close(change[0, :2, 2], torch.tensor([-5.0, -2.0], dtype=torch.float64), rtol=0, atol=1e-12)
