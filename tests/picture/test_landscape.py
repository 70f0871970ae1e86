import pytest
import torch
from torch import nn

from saddle.data.ring import Ring
from saddle.picture.landscape import landscape_of
from saddle.picture.points import point_picture

RING = Ring(batch_size=8, seed=0, size=1000)


class Slope(nn.Module):
    """Logits 2 x - y + 7 in the plane."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.drop = nn.Dropout(0.5)
        with torch.no_grad():
            self.linear.weight.copy_(torch.tensor([[2.0, -1.0]]))
            self.linear.bias.fill_(7.0)

    def forward(self, points):
        return self.drop(self.linear(points)).squeeze(1)


def test_the_landscape_of_a_slope_is_that_slope():
    samples = torch.tensor([[0.5, 0.0], [0.5, 0.001], [-1.0, 0.5]])
    seen = landscape_of(Slope().train(), samples, RING.training()[0], reach=2.0)
    line = torch.linspace(-2, 2, len(seen.logits))
    torch.testing.assert_close(seen.logits, 2 * line[None, :] - line[:, None] + 7, atol=1e-5, rtol=0)
    assert torch.equal(seen.points, samples[[0, 2]])  # two at one place would hide each other
    assert seen.gradient.tolist() == [[2.0, -1.0]] * 2
    real = RING.training()[0]
    at_real = float((2 * real[:, 0] - real[:, 1] + 7).mean())
    assert seen.middle == pytest.approx((at_real + 7 + (2 * 0 - 0.501) / 3) / 2, abs=1e-3)


def test_looking_leaves_the_discriminator_as_it_is():
    network = Slope().train()
    before, state = {k: v.clone() for k, v in network.state_dict().items()}, torch.get_rng_state()
    landscape_of(network, torch.randn(9, 2), RING.training()[0], 2.0)
    assert network.training
    assert network.drop.training
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    state = torch.get_rng_state()
    landscape_of(network, torch.zeros(9, 2), RING.training()[0], 2.0)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_flat_landscape_and_one_sample_can_be_drawn():
    flat = Slope()
    nn.init.zeros_(flat.linear.weight)
    seen = landscape_of(flat.eval(), torch.zeros(1, 2), RING.training()[0], 2.0)
    assert point_picture(torch.zeros(1, 2), RING, "", seen).shape == (3, 600, 680)


def test_a_discriminator_of_packs_is_shown_copies_of_each_point():
    class Pairs(nn.Module):
        """Logits 3 x of the first of a pair plus 2 y of the second."""

        packing = 2

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([3.0, 0.0, 0.0, 2.0]))

        def forward(self, points):
            return points.view(-1, 4) @ self.weight

    samples = torch.tensor([[0.5, 0.0], [-1.0, 0.5]])
    seen = landscape_of(Pairs(), samples, RING.training()[0], reach=2.0)
    line = torch.linspace(-2, 2, len(seen.logits))
    torch.testing.assert_close(seen.logits, 3 * line[None, :] + 2 * line[:, None], atol=1e-5, rtol=0)
    assert seen.gradient.tolist() == [[3.0, 2.0]] * 2
