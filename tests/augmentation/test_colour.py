import pytest
import torch

from saddle.augmentation import colour

ONE = 0.8413447460685429  # the normal number that belongs to it is 1
IMAGES = torch.rand(1, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 2 - 1
CHANGES = [colour.brightness, colour.contrast, colour.luma_flip, colour.hue, colour.saturation]


def changed(change, number: float) -> torch.Tensor:
    return colour.mixed(IMAGES, change(torch.tensor([[number, 0.0]], dtype=torch.float64)))


def near(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_brightness_adds_and_contrast_multiplies():
    near(changed(colour.brightness, ONE), IMAGES + 0.2)
    near(changed(colour.brightness, 1 - ONE), IMAGES - 0.2)
    near(changed(colour.contrast, ONE), IMAGES * 2**0.5)
    near(changed(colour.contrast, 1 - ONE), IMAGES / 2**0.5)


def test_luma_flip_turns_the_grey_part_around_and_keeps_the_rest():
    assert torch.equal(changed(colour.luma_flip, 0.49), IMAGES)
    flipped, grey = changed(colour.luma_flip, 0.5), IMAGES.mean(1, keepdim=True)
    near(flipped, IMAGES - 2 * grey)


def test_a_third_of_a_turn_of_hue_exchanges_the_channels_and_no_turn_nothing():
    near(changed(colour.hue, 0.5 + 1 / 3), IMAGES.roll(1, dims=1))
    near(changed(colour.hue, 0.5), IMAGES)
    turned = changed(colour.hue, 0.9)
    near(turned.mean(1), IMAGES.mean(1))
    near(turned.square().sum(1), IMAGES.square().sum(1))


def test_saturation_multiplies_the_distance_from_grey():
    grey = IMAGES.mean(1, keepdim=True)
    near(changed(colour.saturation, ONE), grey + 2 * (IMAGES - grey))
    near(changed(colour.saturation, 1 - ONE), grey + 0.5 * (IMAGES - grey))


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_mixed_is_the_product_with_each_colour(change):
    matrices = change(torch.tensor([[0.9, 0.0]], dtype=torch.float64))
    colours = torch.cat([IMAGES, torch.ones(1, 1, 4, 4)], 1).flatten(2)
    near(colour.mixed(IMAGES, matrices).flatten(2), (matrices @ colours)[:, :3])


@pytest.mark.parametrize("change", [colour.brightness, colour.contrast], ids=lambda change: change.__name__)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_relit_treats_every_channel_as_mixed_does(change, channels):
    matrices = change(torch.tensor([[0.9, 0.0]], dtype=torch.float64))
    near(colour.relit(IMAGES[:, :channels], matrices), colour.mixed(IMAGES, matrices)[:, :channels])
