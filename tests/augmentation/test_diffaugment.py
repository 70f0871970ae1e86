import pytest
import torch

from saddle.augmentation.diffaugment import DiffAugment
from saddle.error import InputError


def given(**numbers: list) -> callable:
    """A `uniform` that gives these numbers for these purposes."""

    def uniform(purpose: str, shape: tuple[int, ...]) -> torch.Tensor:
        result = torch.tensor(numbers[purpose.removeprefix("diffaugment.")], dtype=torch.float64)
        assert result.shape == shape
        return result

    return uniform


def drawn(seed: int = 0) -> callable:
    generator = torch.Generator().manual_seed(seed)
    return lambda purpose, shape: torch.rand(shape, generator=generator, dtype=torch.float64)


def images(rows: int = 4, channels: int = 1, side: int = 28) -> torch.Tensor:
    return torch.rand(rows, channels, side, side, dtype=torch.float64) * 2 - 1


def test_switched_off_it_changes_nothing_and_draws_nothing():
    x = images()
    assert torch.equal(DiffAugment(False, 0.0, 0.0)(x, given()), x)


@pytest.mark.parametrize(("side", "reach"), [(20, 3), (27, 3), (28, 4), (32, 4)])
@pytest.mark.parametrize("fill", [0.0, -1.0])
def test_translation_reaches_an_eighth_of_the_side_and_brings_in_the_fill(side, reach, fill):
    x = images(3, 2, side)
    numbers = [[0.0, 0.5], [0.5, 0.999], [0.5, 0.5]]  # (down, right)
    result = DiffAugment(cutout=0.0, fill=fill)(x, given(translation=numbers))
    assert torch.equal(result[0, :, : side - reach], x[0, :, reach:])
    assert (result[0, :, side - reach :] == fill).all()
    assert torch.equal(result[1, :, :, reach:], x[1, :, :, : side - reach])
    assert (result[1, :, :, :reach] == fill).all()
    assert torch.equal(result[2], x[2])


def test_all_shifts_are_equally_likely():
    rows = 8100
    x = torch.zeros(rows, 1, 28, 28)
    x[:, :, 14, 14] = 1
    result = DiffAugment(cutout=0.0)(x, drawn())
    places, counts = (result[:, 0].nonzero()[:, 1:] - 14).unique(dim=0, return_counts=True)
    assert places.aminmax(dim=0).min.tolist() == [-4, -4]
    assert places.aminmax(dim=0).max.tolist() == [4, 4]
    assert len(counts) == 81
    assert 55 < counts.min() < 100 < counts.max() < 145  # 100 expected, standard deviation 10


def test_cutout_hides_a_square_of_half_the_side_part_of_which_may_lie_outside():
    x = images(3, 3) + 5  # never the fill
    numbers = [[0.0, 0.999], [0.5, 0.5], [0.25, 0.5]]  # centers 0..28: (0, 28), (14, 14), (7, 14)
    hidden = DiffAugment(translation=0.0)(x, given(cutout=numbers)) == 0
    expected = torch.zeros(3, 3, 28, 28, dtype=torch.bool)
    expected[0, :, :7, 21:] = True
    expected[1, :, 7:21, 7:21] = True
    expected[2, :, 0:14, 7:21] = True
    assert torch.equal(hidden, expected)


@pytest.mark.parametrize(("side", "first", "last"), [(5, (0, 2), (3, 5)), (7, (0, 2), (5, 7)), (8, (0, 2), (6, 8))])
def test_cutout_centers_reach_both_borders(side, first, last):
    x = torch.ones(2, 1, side, side)
    hidden = DiffAugment(translation=0.0)(x, given(cutout=[[0.0, 0.0], [0.999, 0.999]]))[:, 0, :, :] == 0
    for row, (start, end) in enumerate((first, last)):
        assert hidden[row].any(0).nonzero().flatten().tolist() == list(range(start, end))


def test_color_is_brightness_then_saturation_then_contrast():
    x = images(2, 3)
    result = DiffAugment(True, 0.0, 0.0)(x, given(colour=[[0.9, 0.25, 0.5], [0.5, 0.5, 0.0]]))
    gray = x[0].mean(0, keepdim=True)
    torch.testing.assert_close(result[0], 0.4 + gray + 0.5 * (x[0] - gray), rtol=0, atol=1e-12)
    torch.testing.assert_close(result[1], (x[1] + x[1].mean()) / 2, rtol=0, atol=1e-12)
    both = DiffAugment(True, 0.0, 0.0)(x, given(colour=[[1.0, 0.5, 1.0]] * 2))
    bright = x + 0.5
    mean = bright.mean((1, 2, 3), keepdim=True)
    torch.testing.assert_close(both, mean + 1.5 * (bright - mean), rtol=0, atol=1e-12)


def test_color_beside_alpha_changes_what_is_seen_and_alpha_stays():
    colors, numbers = images(2, 3), [[0.9, 0.25, 0.7], [0.3, 0.8, 0.1]]
    augmentation = DiffAugment(True, 0.0, 0.0)
    opaque = augmentation(torch.cat([colors, torch.ones_like(colors[:, :1])], 1), given(colour=numbers))
    torch.testing.assert_close(opaque[:, :3], augmentation(colors, given(colour=numbers)), rtol=0, atol=1e-12)
    assert (opaque[:, 3] == 1).all()
    seen = torch.zeros_like(colors[:, :1])
    seen[..., :14] = 1  # the left half
    half = torch.cat([(colors + 1) * seen - 1, 2 * seen - 1], 1)
    result = augmentation(half, given(colour=numbers))
    expected = augmentation(colors[..., :14], given(colour=numbers))
    torch.testing.assert_close(result[:, :3, :, :14], expected, rtol=0, atol=1e-12)
    assert (result[..., 14:] == -1).all()
    nothing = -torch.ones(2, 4, 28, 28, dtype=torch.float64)
    assert torch.equal(augmentation(nothing, given(colour=numbers)), nothing)


def test_rectangles_are_shifted_and_hidden_by_shares_of_each_side():
    x = torch.ones(1, 2, 16, 40, dtype=torch.float64)
    result = DiffAugment(cutout=0.0)(x, given(translation=[[0.0, 0.999]]))
    assert (result[..., 14:, :] == 0).all()
    assert (result[..., :5] == 0).all()
    assert (result[..., :14, 5:] == 1).all()
    hidden = DiffAugment(translation=0.0)(x, given(cutout=[[0.5, 0.5]])) == 0
    assert hidden[..., 4:12, 10:30].all()
    assert hidden.sum() == 2 * 8 * 20


@pytest.mark.parametrize("channels", [1, 2])
def test_color_is_refused_without_three_channels(channels):
    augmentation = DiffAugment(color=True)
    with pytest.raises(InputError, match=rf"^color=true .* data\.channels={channels}"):
        augmentation.check(channels)
    with pytest.raises(InputError, match=rf"^color=true .* data\.channels={channels}"):
        augmentation(images(channels=channels), drawn())
    augmentation.check(3)
    DiffAugment().check(channels)


def test_each_row_depends_on_its_own_image_and_numbers_alone():
    augmentation, x = DiffAugment(color=True), images(4, 3)
    counts = {"colour": 3, "translation": 2, "cutout": 2}
    numbers = {name: torch.rand(4, count).tolist() for name, count in counts.items()}
    together = augmentation(x, given(**numbers))
    for row in range(4):
        own = {name: values[row : row + 1] for name, values in numbers.items()}
        assert torch.equal(together[row], augmentation(x[row : row + 1], given(**own))[0])


def test_gradients_are_those_of_finite_differences():
    augmentation, x = DiffAugment(color=True, translation=0.25), images(2, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augmentation(x, drawn()) ** 3, x)
    assert torch.autograd.gradgradcheck(lambda x: augmentation(x, drawn()) ** 3, x)


def test_keeps_the_type_of_the_images():
    for dtype in (torch.bfloat16, torch.float32):
        assert DiffAugment(color=True)(images(2, 3).to(dtype), drawn()).dtype == dtype
