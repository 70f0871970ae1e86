import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from helpers import finite_differences, term_inputs
from saddle.penalty.orthogonal import Orthogonal, off_diagonal


def test_orthogonal_rows_of_any_length_cost_nothing_and_equal_ones_their_product():
    layer = nn.Linear(3, 2, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.5, 0.0]]))
    assert off_diagonal(layer) == 0
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0, 0.0], [1.0, 2.0, 0.0]]))
    assert off_diagonal(layer) == 2 * 5**2


@pytest.mark.parametrize("layer", [nn.Conv2d(2, 3, 2), nn.ConvTranspose2d(3, 2, 2), nn.Linear(4, 3), nn.Linear(3, 7)])
def test_value_by_loops_and_gradient_by_finite_differences(layer):
    layer = layer.double()
    rows = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
    rows = [row.flatten() for row in rows.detach()]
    expected = sum(float(a @ b) ** 2 for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j)
    value = off_diagonal(layer)
    assert value.item() == pytest.approx(expected, rel=1e-12)
    value.backward()

    def at(weight: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(Value(layer), {"layer.weight": weight}, ())

    difference = finite_differences(at, layer.weight.detach())
    torch.testing.assert_close(layer.weight.grad, difference, rtol=1e-6, atol=1e-8)


class Value(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self):
        return off_diagonal(self.layer)


def test_it_is_on_the_networks_that_it_names_and_leaves_biases_and_embeddings_alone():
    networks = {"generator": nn.Linear(2, 2), "discriminator": nn.Linear(3, 3)}
    given = term_inputs(networks=networks)
    assert Orthogonal(1.0, network="generator").discriminator(given) is None
    assert Orthogonal(1.0, network="discriminator").generator(given) is None
    assert Orthogonal(1.0).generator(given) == off_diagonal(networks["generator"])
    assert Orthogonal(1.0).discriminator(given) == off_diagonal(networks["discriminator"])
    assert off_diagonal(nn.Sequential(nn.Embedding(4, 4), nn.BatchNorm1d(4))) == 0


def test_frozen_layers_are_left_out():
    frozen, trained = nn.Linear(3, 3), spectral_norm(nn.Linear(3, 3))
    networks = nn.Sequential(spectral_norm(frozen.requires_grad_(False)), trained)
    assert off_diagonal(networks) == off_diagonal(trained) > 0
