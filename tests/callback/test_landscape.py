import ast
from pathlib import Path

import pytest
import torch
from torch import nn

import saddle.callback.landscape
from saddle.callback.landscape import landscape, picture, reach_of
from saddle.data.grid import Grid
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll

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
    seen = landscape(Slope().train(), samples, RING.training()[0], reach=2.0)
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
    landscape(network, torch.randn(9, 2), RING.training()[0], 2.0)
    assert network.training
    assert network.drop.training
    assert all(p.grad is None for p in network.parameters())
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    state = torch.get_rng_state()
    landscape(network, torch.zeros(9, 2), RING.training()[0], 2.0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("data", [RING, Grid(batch_size=8, seed=0), SwissRoll(batch_size=8, seed=0)])
def test_all_data_lies_in_the_square_that_is_shown(data):
    assert (
        float(data.drawn(2000, "fresh").abs().max()) < reach_of(data) < 2 * float(data.drawn(9, "x").norm(dim=1).max())
    )


def test_a_picture_shows_samples_where_they_are_and_says_how_many_are_outside():
    inside, outside = torch.full((50, 2), 0.5), torch.full((50, 2), 50.0)
    with_samples, without = (picture(points, RING, "title") for points in (inside, outside))
    assert with_samples.dtype == torch.uint8
    assert with_samples.shape == without.shape == (3, 600, 680)
    differ = (with_samples != without).any(0).nonzero()
    mark = differ[differ[:, 1] > 300]  # the words about 50 samples outside stand on the left
    row, column = mark.double().mean(0).tolist()
    share = (0.5 / reach_of(RING) + 1) / 2
    assert column == pytest.approx(680 * (0.06 + 0.795 * share), abs=4)
    assert row == pytest.approx(600 * (1 - 0.05 - 0.9 * share), abs=4)
    assert len(differ[differ[:, 1] < 300]) > 100


def test_a_flat_landscape_and_one_sample_can_be_drawn():
    flat = Slope()
    nn.init.zeros_(flat.linear.weight)
    seen = landscape(flat.eval(), torch.zeros(1, 2), RING.training()[0], 2.0)
    assert picture(torch.zeros(1, 2), RING, "", seen).shape == (3, 600, 680)


def test_drawing_is_imported_only_where_it_is_done_and_never_by_its_global_state():
    body = ast.parse(Path(saddle.callback.landscape.__file__).read_text()).body
    assert not any("matplotlib" in ast.unparse(part) for part in body if isinstance(part, ast.Import | ast.ImportFrom))
    assert "pyplot" not in Path(saddle.callback.landscape.__file__).read_text()


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
    seen = landscape(Pairs(), samples, RING.training()[0], reach=2.0)
    line = torch.linspace(-2, 2, len(seen.logits))
    torch.testing.assert_close(seen.logits, 3 * line[None, :] + 2 * line[:, None], atol=1e-5, rtol=0)
    assert seen.gradient.tolist() == [[3.0, 2.0]] * 2
