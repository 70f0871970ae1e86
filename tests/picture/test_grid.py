import subprocess
import sys
from pathlib import Path

import pytest
import torch

import saddle.picture
from saddle.picture.grid import image_grid, on_checkerboard, row_grid, scale_of


def test_a_grid_is_as_square_as_its_number_allows():
    images = torch.zeros(9, 1, 4, 4, dtype=torch.uint8)
    assert image_grid(images).shape == (3, 20, 20)
    assert image_grid(images[:2]).shape == (3, 14, 8)


def test_a_grid_of_labeled_images_has_one_class_per_row():
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    images = torch.arange(1, 8, dtype=torch.uint8).view(7, 1, 1, 1).expand(-1, 1, 4, 4)
    grid = image_grid(images, labels)[0]
    assert grid.shape == (20, 20)
    assert grid[3::6, 3::6].tolist() == [[1, 4, 7], [2, 5, 128], [3, 6, 128]]


def test_a_grid_of_rows_keeps_their_order():
    rows = torch.tensor([[0, 51, 102], [153, 204, 255]], dtype=torch.uint8)
    grid = row_grid(rows.view(2, 3, 1, 1, 1).expand(2, 3, 1, 2, 2))
    assert (grid.dtype, grid.shape) == (torch.uint8, (3, 10, 14))
    assert grid[0, 2, [2, 6, 10]].tolist() == [0, 51, 102]
    assert grid[0, 6, [2, 6, 10]].tolist() == [153, 204, 255]
    assert grid[0, 0, 0] == 128


def test_a_grid_of_rows_refuses_images_that_are_not_bytes():
    with pytest.raises(ValueError, match="uint8"):
        row_grid(torch.zeros(2, 3, 1, 2, 2))


def test_importing_pictures_loads_no_lightning_and_no_library_for_drawing():
    names = sorted(path.stem for path in Path(saddle.picture.__file__).parent.glob("*.py"))
    assert "grid" in names
    program = "; ".join(f"import saddle.picture.{name}" for name in names if name != "__init__")
    heavy = ("lightning", "torchvision", "matplotlib", "PIL")
    check = f"import sys; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", f"{program}; {check}"], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_drawing_never_uses_the_global_state_of_matplotlib():
    for path in Path(saddle.picture.__file__).parent.glob("*.py"):
        assert "pyplot" not in path.read_text(encoding="utf-8"), path


def test_transparent_images_lie_on_a_checkerboard():
    images = torch.zeros(2, 4, 8, 16, dtype=torch.uint8)
    images[1] = torch.tensor([10, 20, 30, 255], dtype=torch.uint8).view(4, 1, 1)
    grid = image_grid(images)
    assert grid.shape == (3, 22, 20)
    shown = grid[:, 2:10, 2:18]
    assert shown[:, 0, 0:3].tolist() == [[255, 204, 255]] * 3
    assert shown[:, 1, 0:3].tolist() == [[204, 255, 204]] * 3
    assert grid[:, 12, 2].tolist() == [10, 20, 30]
    rows = row_grid(images[None])
    assert torch.equal(rows[:, 2:10, 2:18], shown)
    assert rows[:, 2, -3].tolist() == [10, 20, 30]
    labels = torch.tensor([0, 0, 1])
    empty = image_grid(images[[0, 1, 1]], labels)[:, -3, -3]
    assert empty.tolist() == [128] * 3  # an empty cell is gray, and no checkerboard


def test_half_transparent_colors_are_mixed_with_the_checkerboard():
    image = torch.tensor([200, 100, 0, 51], dtype=torch.uint8).view(1, 4, 1, 1).expand(1, 4, 8, 8)
    assert on_checkerboard(image)[0, :, 0, :2].T.tolist() == [[244, 224, 204], [203, 183, 163]]
    opaque = torch.randint(256, (2, 3, 4, 4), dtype=torch.uint8)
    assert on_checkerboard(opaque) is opaque


def test_a_name_that_is_too_wide_for_the_margin_keeps_its_beginning_and_end():
    images = torch.zeros(4, 1, 12, 12, dtype=torch.uint8)
    labels = torch.tensor([0, 1, 0, 1])
    middles = ["b" * 40 + middle + "e" * 40 for middle in ("xxx", "zzzzzzz")]
    ends = ["B" + middles[0][1:], middles[0][:-1] + "E"]
    first, *others = (image_grid(images, labels, ["dog", name]) for name in (*middles, *ends))
    assert 110 < first.shape[2] - (2 * 14 + 2) <= 120 + 4
    assert [torch.equal(first, other) for other in others] == [True, False, False]


@pytest.mark.parametrize(
    ("number", "height", "width", "scale"),
    [(64, 28, 28, 3), (64, 8, 8, 12), (64, 64, 64, 2), (64, 16, 32, 3), (64, 128, 128, 1), (1, 1024, 512, 1)],
)
def test_small_images_are_enlarged_until_they_are_easily_seen(number, height, width, scale):
    assert scale_of(torch.zeros(number, 3, height, width)) == scale


def test_a_picture_of_very_many_images_is_enlarged_less():
    assert scale_of(torch.zeros(10_000, 1, 28, 28)) == 1
    assert scale_of(torch.zeros(70, 70, 1, 28, 28)) == 2


def test_each_pixel_becomes_a_square_and_gaps_stay():
    images = torch.tensor([[[[10, 20, 30], [40, 50, 60]]]], dtype=torch.uint8)
    grid, rows = image_grid(images, scale=2), row_grid(images[None], ["dog"], scale=2)
    assert grid.shape == (3, 2 * 2 + 4, 2 * 3 + 4)
    assert grid[0, 2:-2, 2:-2].tolist() == [[10, 10, 20, 20, 30, 30]] * 2 + [[40, 40, 50, 50, 60, 60]] * 2
    assert torch.equal(rows[:, :, -10:], grid)
    assert rows.shape[2] > 10  # the name


def test_a_single_image_has_gaps_colors_and_a_name_as_others_have():
    image = torch.full((1, 1, 12, 12), 7, dtype=torch.uint8)
    assert image_grid(image).shape == (3, 16, 16)
    named = image_grid(image, torch.tensor([1]), ["dog", "cat"])
    assert torch.equal(named[:, :, -16:], image_grid(image))
    assert (named[:, :, :-16] > 180).any()
