"""Shares of an image's side become whole pixels by rounding, as in the papers' own code."""

import pytest
import torch

from saddle.augmentation import geometry
from saddle.augmentation.diffaugment import DiffAugment

SIDES = [*range(1, 70), 96, 100, 128, 250, 256]


def reference(side: int, share: float) -> int:
    """As in the authors' code of DiffAugment (Zhao et al. 2020): the nearest whole number, halves up."""
    return int(side * share + 0.5)


def corner(numbers):
    """A `uniform` that gives these numbers in both directions."""
    return lambda purpose, shape: torch.tensor(numbers, dtype=torch.float64).view(-1, 1).expand(shape)


@pytest.mark.parametrize("share", [0.125, 0.1, 0.3, 0.5, 1.0])
def test_translation_reaches_as_far_as_in_the_reference(share):
    for side in SIDES:
        image = torch.zeros(2, 1, side, side)
        image[:, :, 0, 0] = 1
        changed = DiffAugment(translation=share, cutout=0.0)(image, corner([0.5, 0.999999]))
        reach = reference(side, share)
        assert changed[0, 0, 0, 0] == 1
        where = changed[1, 0].nonzero().tolist()
        assert where == ([[reach, reach]] if reach < side else []), side


@pytest.mark.parametrize("share", [0.5, 0.25, 0.3, 1.0])
def test_the_hidden_square_is_as_large_as_in_the_reference(share):
    for side in SIDES:
        changed = DiffAugment(translation=0.0, cutout=share)(torch.ones(1, 1, side, side), corner([0.5]))
        size = reference(side, share)
        assert (changed == 0).sum() == size**2, side


def test_the_sides_of_the_report():
    assert {side: reference(side, 1 / 8) for side in (20, 28, 32)} == {20: 3, 28: 4, 32: 4}
    assert reference(29, 1 / 2) == 15


def test_shifts_of_ada_round_in_the_same_way():
    for side in SIDES:
        ends = torch.tensor([[0.0, 0.0], [0.999999, 0.999999]], dtype=torch.float64)
        pixels = -geometry.translation(ends, side)[:, :2, 2]
        reach = round(side / 8)  # StyleGAN2-ADA rounds a uniform number in +-1/8 of the side, ties to even
        assert pixels[0].tolist() == [-reach, -reach]
        assert pixels[1].tolist() == pytest.approx([reach, reach], abs=1 if side % 8 == 4 else 0)
