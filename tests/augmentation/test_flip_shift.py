import torch

from saddle.augmentation.flip_shift import FlipShift


def drawn() -> callable:
    generator = torch.Generator().manual_seed(1)
    return lambda purpose, shape: torch.rand(shape, generator=generator)


def given(flip: list[float], shift: list[list[float]]) -> callable:
    numbers = {"flip_shift.flip": torch.tensor(flip), "flip_shift.shift": torch.tensor(shift)}
    return lambda purpose, shape: numbers[purpose].view(shape)


def test_switched_off_it_changes_nothing_and_draws_nothing():
    x = torch.randn(3, 1, 28, 28)
    assert torch.equal(FlipShift(flip=False, shift_pixels=0)(x, None), x)


def test_flips_then_shifts_and_brings_in_the_mirror_image():
    x = torch.randn(3, 3, 28, 28)
    result = FlipShift(flip=True, shift_pixels=2)(x, given([0.49, 0.5, 0.0], [[0.0, 0.5], [0.5, 0.999], [0.5, 0.5]]))
    mirror = x[0].flip(2)
    assert torch.equal(result[0], torch.cat([mirror[:, 2:], mirror[:, [26, 25]]], 1))  # 2 up
    assert torch.equal(result[1], torch.cat([x[1][:, :, [2, 1]], x[1][:, :, :26]], 2))  # 2 to the right
    assert torch.equal(result[2], x[2].flip(2))


def test_without_flip_no_image_is_mirrored_and_shifts_stay_within_their_pixels():
    x = torch.zeros(8100, 1, 28, 28)
    x[:, :, 14, 10] = 1
    places, counts = FlipShift(shift_pixels=4)(x, drawn())[:, 0].nonzero()[:, 1:].unique(dim=0, return_counts=True)
    assert places.aminmax(dim=0).min.tolist() == [10, 6]
    assert places.aminmax(dim=0).max.tolist() == [18, 14]
    assert len(counts) == 81
    assert 55 < counts.min() < 100 < counts.max() < 145


def test_gradients_are_those_of_finite_differences():
    x = torch.randn(2, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    numbers = given([0.1, 0.9], [[0.0, 0.7], [0.5, 0.999]])
    assert torch.autograd.gradcheck(lambda x: FlipShift(True, 1)(x, numbers) ** 3, x)
    assert torch.autograd.gradgradcheck(lambda x: FlipShift(True, 1)(x, numbers) ** 3, x)
