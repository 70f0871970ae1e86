import math

import pytest

from saddle.schedule import Schedule


def test_constant_is_one_after_its_warm_up():
    schedule = Schedule(warmup_images=100)
    assert [schedule.factor(n) for n in (1, 50, 100, 10**9)] == [0.01, 0.5, 1.0, 1.0]
    assert Schedule().factor(0) == 1.0


@pytest.mark.parametrize(
    ("shape", "middle"), [("linear", 1 - 0.9 * 0.25), ("cosine", 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi / 4)))]
)
def test_shapes_run_from_one_to_final_over_the_horizon_and_stay(shape, middle):
    schedule = Schedule(shape, warmup_images=200, horizon_images=1000, final=0.1)
    assert schedule.factor(100) == 0.5
    assert schedule.factor(200) == 1.0
    assert schedule.factor(400) == pytest.approx(middle, rel=1e-12)
    assert schedule.factor(1000) == pytest.approx(0.1)
    assert schedule.factor(5000) == pytest.approx(0.1)


@pytest.mark.parametrize("horizon", [0, 200])
def test_a_horizon_inside_the_warm_up_is_refused(horizon):
    with pytest.raises(ValueError, match=f"horizon_images={horizon} must exceed warmup_images=200"):
        Schedule("cosine", warmup_images=200, horizon_images=horizon)
