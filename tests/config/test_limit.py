import pytest

from saddle.config.limit import default_iterations, iterations_for, last_iteration


@pytest.mark.parametrize(("images", "iterations"), [(1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_budget_of_images_is_filled_by_the_last_batch(images, iterations):
    assert iterations_for(images, rows=100) == iterations


@pytest.mark.parametrize(
    ("steps", "images", "end"), [(7, None, 7), (-1, None, -1), (-1, 1000, 10), (7, 1000, 7), (20, 1000, 10), (0, 5, 0)]
)
def test_the_first_limit_ends_the_run(steps, images, end):
    assert last_iteration(steps, images, rows=100) == end


def test_iterations_are_limited_by_default_only_without_a_budget():
    assert default_iterations(8000, _root_={"training": {"images": None}}) == 8000
    assert default_iterations(8000, _root_={"training": {"images": 10}}) == -1
    assert default_iterations(8000, _root_={"training": {"images": None, "cpu_seconds": None}}) == 8000
    assert default_iterations(8000, _root_={"training": {"images": None, "cpu_seconds": 2.5}}) == -1
