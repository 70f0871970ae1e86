from itertools import pairwise

import pytest
import torch
from torch import Tensor

from saddle.data.domain import SLANT, changed, readable

DOMAINS = ("plain", "thin", "thick", "inverted", "slanted")


def image(*rows: str) -> Tensor:
    """A picture of one image, '#' white and '+' gray, as uint8 (1, 1, H, W)."""
    return torch.tensor([[[[{"#": 255, "+": 100, ".": 0}[c] for c in row] for row in rows]]], dtype=torch.uint8)


def test_thick_strokes_grow_by_a_pixel_on_each_side():
    given = image("......", "..#...", "....+.", "......")
    assert torch.equal(changed(given, "thick"), image("..#...", ".###+.", "..#+++", "....+."))


def test_thin_strokes_lose_a_pixel_on_each_side_and_none_is_erased():
    wide = image(*["." * 9] * 2, *["..#####.."] * 5, *["." * 9] * 2)
    assert torch.equal(changed(wide, "thin")[..., 3:6, 3:6], wide[..., 3:6, 3:6])
    assert int((changed(wide, "thin") > 0).sum()) == 9 + 4  # and the corners, which the opening takes away
    for stroke in (image("...", "###", "..."), image(".#.", "+#.", ".#."), image("....", "#+##", "####", "....")):
        thin = changed(stroke, "thin")
        assert torch.equal(thin, stroke)  # too thin for the five pixels: as it was


def test_inverted_is_the_complement():
    given = image("#+.", "...", "..#")
    assert changed(given, "inverted").flatten().tolist() == [0, 155, 255, 255, 255, 255, 255, 255, 0]


def test_slanted_moves_the_top_to_the_right_by_the_slant():
    bar = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    bar[..., 4:24, 13:15] = 200
    slanted = changed(bar, "slanted")[0, 0].double()
    columns = torch.arange(28).double()
    centers = (slanted * columns).sum(1)[5:23] / slanted.sum(1)[5:23]
    expected = 13.5 + SLANT * (13.5 - torch.arange(5, 23).double())
    torch.testing.assert_close(centers, expected, rtol=0, atol=0.02)
    assert float(slanted.sum()) == pytest.approx(float(bar.double().sum()), rel=0.01)  # nothing leaves the frame


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("domain", DOMAINS)
def test_images_keep_shape_and_type_and_change_one_by_one(domain, channels):
    given = torch.randint(0, 256, (5000, channels, 8, 8), dtype=torch.uint8)
    before, found = given.clone(), changed(given, domain)
    assert (found.shape, found.dtype) == (given.shape, torch.uint8)
    assert torch.equal(given, before)
    for row in (0, 4095, 4096, 4999):
        assert torch.equal(found[row], changed(given[row : row + 1], domain)[0])
    back = readable(found, domain)
    assert (back.shape, back.dtype) == (given.shape, torch.uint8)
    if domain in ("plain", "inverted"):
        assert torch.equal(back, given)
    elif domain in ("thin", "thick"):
        assert torch.equal(back, found)


def test_thin_is_never_brighter_nor_thick_darker():
    given = torch.randint(0, 256, (50, 1, 12, 12), dtype=torch.uint8)
    order = [changed(given, domain).int() for domain in ("thin", "plain", "thick")]
    assert all((darker <= brighter).all() for darker, brighter in pairwise(order))
    assert not torch.equal(order[0], order[1])


def test_what_was_slanted_can_be_read_upright_again():
    bar = torch.zeros(1, 1, 28, 28, dtype=torch.uint8)
    bar[..., 6:22, 12:16] = 200
    slanted = changed(bar, "slanted")
    back = readable(slanted, "slanted")
    apart = [(shown.double() - bar).abs().mean() for shown in (slanted, back)]
    assert apart[1] < 0.25 * apart[0]
