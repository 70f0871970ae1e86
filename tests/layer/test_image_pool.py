import pytest
import torch

from saddle.layer.image_pool import ImagePool


def images(*values: float) -> torch.Tensor:
    """Images (N, 1, 2, 2), each filled with a number."""
    return torch.tensor(values).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)


def held(pool: ImagePool) -> list[float]:
    return pool.images[:, 0, 0, 0].tolist()


def full() -> ImagePool:
    """A pool that holds 10, 11, 12, 13."""
    pool = ImagePool(4, 1, 2)
    pool.put(images(10, 11, 12, 13), torch.arange(4) / 4)
    return pool


def test_until_it_is_full_images_are_shown_as_they_are_and_kept():
    pool = ImagePool(4, 1, 2)
    fresh, numbers = images(1, 2, 3), torch.tensor([0.9, 0.1, 0.6])
    assert torch.equal(pool.drawn(fresh, numbers), fresh)
    assert pool.count == 0  # drawing changes nothing
    pool.put(fresh, numbers)
    assert (held(pool), pool.count) == ([2, 3, 1, 0], 3)  # in the order of their numbers
    assert torch.equal(pool.drawn(fresh, numbers), fresh)
    pool.put(images(4, 5, 6), numbers)
    assert (held(pool), pool.count) == ([2, 3, 1, 5], 4)  # the rest found no place


def test_large_numbers_exchange_images_with_the_place_that_they_name():
    pool = full()
    fresh, numbers = images(1, 2, 3, 4), torch.tensor([0.49, 0.5, 0.7499, 0.9999])
    assert pool.drawn(fresh, numbers)[:, 0, 0, 0].tolist() == [1, 10, 11, 13]
    assert held(pool) == [10, 11, 12, 13]
    pool.put(fresh, numbers)
    assert (held(pool), pool.count) == ([2, 3, 12, 4], 4)


def test_every_place_is_equally_likely_and_half_of_the_images_stay():
    numbers = (torch.arange(8000) + 0.5) / 8000
    shown = full().drawn(torch.zeros(8000, 1, 2, 2), numbers)[:, 0, 0, 0]
    assert torch.bincount(shown.long(), minlength=14).tolist() == [4000, *[0] * 9, 1000, 1000, 1000, 1000]


@pytest.mark.parametrize("before", [0, 2, 4])
def test_what_comes_of_a_batch_does_not_depend_on_the_order_of_its_rows(before):
    fresh, numbers = torch.randn(9, 1, 2, 2), torch.rand(9)  # nine rows meet at four places
    order = torch.randperm(9)
    pools = [ImagePool(4, 1, 2) for _ in range(2)]
    for pool, rows in zip(pools, (torch.arange(9), order), strict=True):
        pool.put(images(*range(before)), torch.arange(before) / 4)
        pool.put(fresh[rows], numbers[rows])
    assert torch.equal(pools[0].images, pools[1].images)
    assert pools[0].count == pools[1].count == 4


def test_images_that_meet_leave_the_place_to_the_largest_number():
    pool = full()
    pool.put(images(1, 2, 3), torch.tensor([0.51, 0.6, 0.55]))
    assert held(pool) == [2, 11, 12, 13]


def test_halves_of_a_precision_are_kept_in_full():
    pool = full()
    shown = pool.drawn(images(1.0, 2.0).bfloat16(), torch.tensor([0.1, 0.9]))
    assert shown.dtype == torch.float32
    pool.put(images(1.0, 2.0).bfloat16(), torch.tensor([0.1, 0.9]))
    assert held(pool) == [10, 11, 12, 2]
