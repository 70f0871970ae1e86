import math

import pytest
import torch

from saddle.export.difference import difference_between


def test_images_are_compared_in_gray_levels():
    images = torch.full((2, 3, 3, 1), 100, dtype=torch.uint8)
    others = images.clone()
    others[1, 2, 0, 0] = 103
    assert difference_between([(images,)], [(others,)], ["images"], exact=False) == (3, "of 255 gray levels", 1)
    floats = torch.zeros(2, 1, 3, 3)
    difference = difference_between([(floats,)], [(floats + 2 / 255,)], ["images"], exact=True)
    assert difference.value == pytest.approx(1)
    assert difference.limit == 0


def test_colors_that_nobody_sees_do_not_count():
    images = torch.tensor([200, 0, 0, 0], dtype=torch.uint8).view(1, 1, 1, 4)
    others = torch.tensor([0, 0, 0, 1], dtype=torch.uint8).view(1, 1, 1, 4)
    assert difference_between([(images,)], [(others,)], ["images"], exact=False).value == 1


def test_all_batches_and_all_outputs_count():
    zeros, ones = torch.zeros(4, 2), torch.ones(4, 2)
    made = [(zeros, zeros), (zeros, zeros)]
    expected = [(zeros, zeros), (zeros, 3 * ones)]
    assert difference_between(made, expected, ["codes", "log_variance"], exact=False) == (
        3,
        "in codes and log_variance",
        pytest.approx(3e-4),
    )


@pytest.mark.parametrize("made", [torch.full((4, 2), math.nan), torch.zeros(4, 3)])
def test_what_is_no_number_or_of_another_shape_is_infinitely_far(made):
    assert difference_between([(made,)], [(torch.zeros(4, 2),)], ["points"], exact=False).value == math.inf
