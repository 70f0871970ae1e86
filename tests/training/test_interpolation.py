import math

import pytest
import torch

from saddle.training.interpolation import between, slerp

FIRST, LAST = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(1)).double()


def test_a_quarter_of_a_circle_is_walked_at_constant_speed():
    share = torch.tensor([0.0, 1 / 3, 0.5, 1.0])
    way = slerp(torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 2.0]]), share)
    angles = [0, math.pi / 6, math.pi / 4, math.pi / 2]
    expected = torch.tensor([[2 * math.cos(a), 0.0, 2 * math.sin(a)] for a in angles])
    torch.testing.assert_close(way, expected[None], rtol=1e-6, atol=1e-6)


def test_ways_lie_in_the_plane_of_their_ends_and_directions_turn_evenly():
    share = torch.linspace(0, 1, 6)
    way = slerp(FIRST, LAST, share)
    assert way.shape == (5, 6, 7)
    torch.testing.assert_close(way[:, 0], FIRST)
    torch.testing.assert_close(way[:, -1], LAST)
    for first, last, points in zip(FIRST, LAST, way, strict=True):
        angle = math.acos((first @ last / first.norm() / last.norm()).item())
        for t, point in zip(share.tolist(), points, strict=True):
            shares = torch.tensor([math.sin((1 - t) * angle), math.sin(t * angle)]).double() / math.sin(angle)
            torch.testing.assert_close(point, shares[0] * first + shares[1] * last, rtol=1e-6, atol=1e-6)
    equal = slerp(FIRST, LAST * (FIRST.norm(dim=1) / LAST.norm(dim=1))[:, None], share)
    torch.testing.assert_close(equal.norm(dim=2), FIRST.norm(dim=1, keepdim=True).expand(5, 6))


def test_ends_on_one_line_are_joined_by_it():
    first = torch.tensor([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])
    last = torch.tensor([[1.0, 2.0], [3.0, 6.0], [-1.0, -2.0], [3.0, 4.0]])
    way = slerp(first, last, torch.tensor([0.0, 0.5, 1.0]))
    assert way.isfinite().all()
    torch.testing.assert_close(way[:3, 1], (first + last)[:3] / 2)
    torch.testing.assert_close(way[3, 1], math.sin(math.pi / 4) * last[3])  # zero has no direction: a right angle


def test_near_ends_keep_their_digits():
    first = torch.ones(1, 64)
    last = first + 1e-3 * torch.randn(1, 64)
    middle = slerp(first, last, torch.tensor([0.5]))[:, 0]
    torch.testing.assert_close(middle, (first + last) / 2, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("fixed", [0, 2])
def test_steps_are_even_and_a_code_stays_that_of_the_first_end(fixed):
    way = between(FIRST, LAST, 4, fixed)
    free = 7 - fixed
    torch.testing.assert_close(
        way[..., :free], slerp(FIRST[:, :free], LAST[:, :free], torch.tensor([0, 1 / 3, 2 / 3, 1]).double())
    )
    assert torch.equal(way[..., free:], FIRST[:, None, free:].expand(5, 4, fixed))
    assert way.dtype == FIRST.dtype
