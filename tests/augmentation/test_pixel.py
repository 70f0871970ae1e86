import pytest
import torch
from torch.nn import functional

from saddle.augmentation.pixel import mirrored, picked, shifted, warped

IDENTITY = torch.eye(3).expand(2, 3, 3)


def images(side: int = 6, channels: int = 2) -> torch.Tensor:
    return torch.randn(2, channels, side, side, dtype=torch.float64)


def turned() -> torch.Tensor:
    """A matrix that is no change by whole pixels, for two images."""
    generator = torch.Generator().manual_seed(4)
    change = torch.eye(3, dtype=torch.float64) + 0.4 * torch.randn(2, 3, 3, generator=generator, dtype=torch.float64)
    change[:, :2, 2] *= 3
    change[:, 2] = torch.tensor([0.0, 0.0, 1.0])
    return change


def test_places_are_reflected_at_the_outermost_pixels_which_are_not_repeated():
    assert mirrored(torch.arange(-4, 9), 4).tolist() == [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert mirrored(torch.tensor([-0.25, 3.0, 3.25]), 4).tolist() == [0.25, 3.0, 2.75]
    assert mirrored(torch.arange(-2, 3), 1).tolist() == [0] * 5


def test_picked_takes_the_pixels_that_are_named():
    x = images()
    rows, columns = torch.randint(0, 6, (2, 6, 6)), torch.randint(0, 6, (2, 6, 6))
    result = picked(x, rows, columns)
    for n in range(2):
        for row in range(6):
            for column in range(6):
                assert torch.equal(result[n, :, row, column], x[n, :, rows[n, row, column], columns[n, row, column]])


def test_shifts_go_down_and_right_and_bring_in_the_fill_or_the_mirror_image():
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]).expand(2, 1, 3, 3)
    down, right = torch.tensor([1, 0]), torch.tensor([0, -2])
    filled = shifted(x, down, right, fill=-1.0)
    assert filled[0, 0].tolist() == [[-1, -1, -1], [1, 2, 3], [4, 5, 6]]
    assert filled[1, 0].tolist() == [[3, -1, -1], [6, -1, -1], [9, -1, -1]]
    mirror = shifted(x, down, right)
    assert mirror[0, 0].tolist() == [[4, 5, 6], [1, 2, 3], [4, 5, 6]]
    assert mirror[1, 0].tolist() == [[3, 2, 1], [6, 5, 4], [9, 8, 7]]


@pytest.mark.parametrize("side", [5, 6])
def test_warped_agrees_with_torchs_own_sampling(side):
    x, change = images(side), turned()
    half = (side - 1) / 2
    scaled = torch.cat([change[:, :2, :2], change[:, :2, 2:] / half], 2)
    grid = functional.affine_grid(scaled, list(x.shape), align_corners=True)
    expected = functional.grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(warped(x, change), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("side", [5, 6])
def test_no_change_and_whole_shifts_are_exact_even_under_autocast(side):
    x = images(side).float()
    move = IDENTITY.clone()
    move[:, 0, 2], move[:, 1, 2] = -2.0, 1.0  # read 2 to the left and 1 below: moved right by 2 and up by 1
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(warped(x, IDENTITY), x)
        assert torch.equal(warped(x, move), shifted(x, torch.tensor([-1, -1]), torch.tensor([2, 2])))


@pytest.mark.parametrize(
    "function", [lambda x: warped(x, turned()), lambda x: shifted(x, *torch.tensor([[1, -2]] * 2))]
)
def test_first_and_second_gradients_are_those_of_finite_differences(function):
    x = images(4, 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: function(x) ** 3, x)
    assert torch.autograd.gradgradcheck(lambda x: function(x) ** 3, x)


def test_works_under_function_transforms():
    x = images(4, 1)
    _, pull = torch.func.vjp(lambda x: warped(x, turned()).square().sum(), x)
    x.requires_grad_()
    (expected,) = torch.autograd.grad(warped(x, turned()).square().sum(), x)
    assert torch.equal(pull(torch.tensor(1.0, dtype=torch.float64))[0], expected)


@pytest.mark.parametrize(("height", "width"), [(5, 8), (7, 4)])
def test_rectangles_are_shifted_and_warped_as_parts_of_a_larger_image(height, width):
    x = torch.randn(2, 3, height, width, dtype=torch.float64)
    down, right = torch.tensor([1, -2]), torch.tensor([-1, 3])
    filled = shifted(x, down, right, fill=9.0)
    assert torch.equal(filled[0, :, 1:, : width - 1], x[0, :, : height - 1, 1:])
    assert torch.equal(filled[1, :, : height - 2, 3:], x[1, :, 2:, : width - 3])
    assert (filled != 9).sum() == 3 * ((height - 1) * (width - 1) + (height - 2) * (width - 3))
    move = IDENTITY.double().clone()
    move[:, 0, 2], move[:, 1, 2] = -right.double(), -down.double()
    assert torch.equal(warped(x, move), shifted(x, down, right))
    change = turned()
    half = torch.tensor([(width - 1) / 2, (height - 1) / 2], dtype=torch.float64)
    scaled = torch.cat([change[:, :2, :2] * half / half[:, None], change[:, :2, 2:] / half[:, None]], 2)
    grid = functional.affine_grid(scaled, list(x.shape), align_corners=True)
    expected = functional.grid_sample(x, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(warped(x, change), expected, rtol=0, atol=1e-12)
