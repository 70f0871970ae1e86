"""Bytes hold the colors of PNG beside alpha; floats hold them multiplied by alpha."""

import torch

from saddle.alpha import composited, has_alpha, premultiplied, straight
from saddle.data.loader import as_floats
from saddle.training.sampling import as_bytes


def pixels(*colors: tuple[int, ...]) -> torch.Tensor:
    """Images (N, C, 1, 1), uint8, of one pixel each."""
    return torch.tensor(colors, dtype=torch.uint8).view(len(colors), -1, 1, 1)


def test_four_channels_have_alpha_in_any_stack_of_images():
    for channels in (1, 2, 3, 4):
        assert has_alpha(torch.zeros(2, channels, 5, 6)) == (channels == 4)
        assert has_alpha(torch.zeros(3, 2, channels, 4, 4)) == (channels == 4)


def test_colors_are_multiplied_by_alpha_and_what_nobody_sees_is_one_value():
    made = as_floats(pixels((255, 0, 128, 255), (255, 0, 128, 51), (255, 9, 128, 0), (0, 0, 0, 0)))
    expected = torch.tensor([[255, 0, 128, 255], [51, 0, 25.6, 51], [0, 0, 0, 0], [0, 0, 0, 0]]) / 127.5 - 1
    torch.testing.assert_close(made.flatten(1), expected)
    assert torch.equal(as_floats(pixels((255, 0, 128))).flatten(), torch.tensor([255.0, 0, 128]) / 127.5 - 1)


def test_every_color_that_is_seen_comes_back_from_floats_to_the_bit():
    color, alpha = torch.meshgrid(torch.arange(256), torch.arange(256), indexing="ij")
    images = torch.stack([color, 255 - color, color // 2, alpha]).to(torch.uint8)[None]
    expected = torch.where(images[:, 3:] == 0, 0, images)
    assert torch.equal(as_bytes(as_floats(images)), expected)
    assert torch.equal(as_bytes(as_floats(images)[None]), expected[None])


def test_colors_brighter_than_their_alpha_are_as_bright_as_can_be():
    levels = torch.tensor([200.0, 40.0, -3.0, 100.0]).view(1, 4, 1, 1)
    torch.testing.assert_close(straight(levels).flatten(), torch.tensor([510.0, 102.0, -7.65, 100.0]))
    assert as_bytes(levels / 127.5 - 1).flatten().tolist() == [255, 102, 0, 100]


def test_a_background_is_seen_as_far_as_a_pixel_is_transparent():
    levels = pixels((200, 100, 0, 255), (200, 100, 0, 51), (200, 100, 0, 0)).float()
    expected = torch.tensor([[200.0, 100, 0], [240.0, 220, 200], [250, 250, 250]])
    torch.testing.assert_close(composited(levels, 250).flatten(1), expected)
    assert torch.equal(composited(levels, 0), premultiplied(levels)[:, :3])
