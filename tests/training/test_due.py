import pytest

from saddle.training.due import NEVER, next_crossing, next_multiple


@pytest.mark.parametrize("every", [1, 3, 50])
def test_the_next_multiple_is_the_first_one_after(every):
    for iteration in range(130):
        due = next_multiple(iteration, every)
        assert due % every == 0
        assert iteration < due <= iteration + every


@pytest.mark.parametrize(("rows", "every"), [(64, 64_000), (32, 100), (7, 5), (100, 100)])
def test_the_next_crossing_is_the_first_iteration_that_fills_a_multiple(rows, every):
    crossings = [n for n in range(1, 3000) if n * rows // every > (n - 1) * rows // every]
    for iteration in range(min(2000, crossings[-1])):
        assert next_crossing(iteration, rows, every) == next(n for n in crossings if n > iteration)


def test_what_has_no_cadence_is_never_due():
    assert next_crossing(10, 64, None) == NEVER
