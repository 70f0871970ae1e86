import torch

from saddle.data.resize import resized


def test_the_right_size_is_left_alone():
    images = torch.randint(0, 256, (2, 1, 8, 8), dtype=torch.uint8)
    assert resized(images, 8) is images


def test_a_constant_stays_and_a_ramp_stays_monotonic():
    flat = torch.full((1, 3, 8, 8), 200, dtype=torch.uint8)
    assert torch.equal(resized(flat, 28), torch.full((1, 3, 28, 28), 200, dtype=torch.uint8))
    ramp = torch.arange(0, 256, 32, dtype=torch.uint8).expand(1, 1, 8, 8)
    steps = resized(ramp, 28)[0, 0, 0].int().diff()
    assert (steps >= 0).all()
    assert steps.max() <= 14  # 32 per pixel of 8, spread over 3.5: smooth, not blocky


def test_parts_are_joined_in_order():
    images = torch.randint(0, 256, (4100, 1, 2, 2), dtype=torch.uint8)
    torch.testing.assert_close(resized(images, 3)[4095:], resized(images[4095:], 3))
