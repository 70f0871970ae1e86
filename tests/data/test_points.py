import pytest
import torch

from saddle.data.points import on_circle
from saddle.data.ring import Ring
from saddle.error import InputError


def ring(**changes) -> Ring:
    return Ring(**{"batch_size": 8, "seed": 0, "size": 4000, **changes})


def test_points_depend_on_point_seed_and_purpose_and_never_on_the_seed_of_the_run():
    points, labels = ring().training()
    assert (points.shape, points.dtype, labels) == ((4000, 2), torch.float32, None)
    assert torch.equal(points, ring(seed=5).training()[0])
    assert not torch.equal(points, ring(point_seed=1).training()[0])
    assert not torch.equal(points, ring().drawn(4000, "fresh"))
    assert not torch.equal(points, ring(scale=3.0, std=0.02).training()[0])
    assert torch.equal(points, ring(scale=3.0).training()[0])  # nothing but the networks is scaled


def test_modes_are_equally_likely_and_the_noise_has_the_deviation_asked_for():
    data = ring(size=40_000, std=0.03)
    points = data.training()[0].double()
    distance, mode = torch.cdist(points, data.modes).min(1)
    shares = torch.bincount(mode, minlength=8) / len(points)
    assert shares.tolist() == pytest.approx([1 / 8] * 8, abs=0.01)  # six standard errors
    assert float(distance.square().mean() / 2) ** 0.5 == pytest.approx(0.03, rel=0.015)


def test_two_ranks_get_the_rows_of_one_and_a_resumed_loader_goes_on():
    batches = {}
    for world in (1, 2):
        for rank in range(world):
            loader = iter(ring().loader(rank, world))
            batches[world, rank] = [next(loader)["image"] for _ in range(3)]
    for whole, first, second in zip(batches[1, 0], batches[2, 0], batches[2, 1], strict=True):
        assert torch.equal(whole, torch.cat([first, second]))
    again = ring().loader()
    again.load_state_dict({"batches": 2})
    assert torch.equal(next(iter(again))["image"], batches[1, 0][2])


def test_limits_and_batches_speak_of_points():
    with pytest.raises(InputError, match="is more than the 4000 training points: use at most 4000"):
        ring(batch_size=4001).check_size(4000)
    limited = ring(limit=50)
    limited.check_size(4000)
    assert len(limited.training()[0]) == 50


def test_a_circle_begins_on_the_right_and_goes_round_evenly():
    torch.testing.assert_close(on_circle(4, 2.0), torch.tensor([[2, 0], [0, 2], [-2, 0], [0, -2]]).double())
