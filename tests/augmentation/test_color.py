import pytest
import torch

from saddle.augmentation import color

ONE = 0.8413447460685429  # the normal number that belongs to it is 1
IMAGES = torch.rand(1, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 2 - 1
CHANGES = [color.brightness, color.contrast, color.luma_flip, color.hue, color.saturation]


def changed(change, number: float) -> torch.Tensor:
    return color.mixed(IMAGES, change(torch.tensor([[number, 0.0]], dtype=torch.float64)))


def near(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_brightness_adds_and_contrast_multiplies():
    near(changed(color.brightness, ONE), IMAGES + 0.2)
    near(changed(color.brightness, 1 - ONE), IMAGES - 0.2)
    near(changed(color.contrast, ONE), IMAGES * 2**0.5)
    near(changed(color.contrast, 1 - ONE), IMAGES / 2**0.5)


def test_luma_flip_turns_the_gray_part_around_and_keeps_the_rest():
    assert torch.equal(changed(color.luma_flip, 0.49), IMAGES)
    flipped, gray = changed(color.luma_flip, 0.5), IMAGES.mean(1, keepdim=True)
    near(flipped, IMAGES - 2 * gray)


def test_a_third_of_a_turn_of_hue_exchanges_the_channels_and_no_turn_nothing():
    near(changed(color.hue, 0.5 + 1 / 3), IMAGES.roll(1, dims=1))
    near(changed(color.hue, 0.5), IMAGES)
    turned = changed(color.hue, 0.9)
    near(turned.mean(1), IMAGES.mean(1))
    near(turned.square().sum(1), IMAGES.square().sum(1))


def test_saturation_multiplies_the_distance_from_gray():
    gray = IMAGES.mean(1, keepdim=True)
    near(changed(color.saturation, ONE), gray + 2 * (IMAGES - gray))
    near(changed(color.saturation, 1 - ONE), gray + 0.5 * (IMAGES - gray))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_mixed_is_the_product_with_each_color(change):
    matrices = change(torch.tensor([[0.9, 0.0]], dtype=torch.float64))
    colors = torch.cat([IMAGES, torch.ones(1, 1, 4, 4)], 1).flatten(2)
    near(color.mixed(IMAGES, matrices).flatten(2), (matrices @ colors)[:, :3])


@pytest.mark.parametrize("change", [color.brightness, color.contrast], ids=lambda change: change.__name__)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_relit_treats_every_channel_as_mixed_does(change, channels):
    matrices = change(torch.tensor([[0.9, 0.0]], dtype=torch.float64))
    near(color.relit(IMAGES[:, :channels], matrices), color.mixed(IMAGES, matrices)[:, :channels])


ALPHA = torch.rand(1, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
ALPHA[..., 0], ALPHA[..., 1] = 0, 1


def covered(colors: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """Images (N, 4, H, W) that hold colors (N, 3, H, W) multiplied by alpha in [0, 1]."""
    return torch.cat([(colors + 1) * alpha - 1, 2 * alpha - 1], 1)


@pytest.mark.parametrize("change", CHANGES)
def test_colors_beside_alpha_change_as_if_there_were_none(change):
    matrix = change(torch.tensor([[0.8, 0.0]], dtype=torch.float64))
    images = covered(IMAGES, ALPHA)
    near(color.mixed(images, matrix), covered(color.mixed(IMAGES, matrix), ALPHA))
    assert torch.equal(color.mixed(images, matrix)[:, 3:], images[:, 3:])
    if change in (color.brightness, color.contrast):
        near(color.relit(images, matrix), covered(color.relit(IMAGES, matrix), ALPHA))
    assert (color.mixed(images, matrix)[:, :3, :, 0] == -1).all()  # nobody sees it
