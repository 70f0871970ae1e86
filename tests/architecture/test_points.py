import math

import pytest
import torch

from network_checks import check_features
from saddle.architecture.points import Discriminator, Generator, encoded


def test_shapes_and_a_linear_output_without_bounds():
    generator, discriminator = Generator(latent_dim=3, hidden=[8]), Discriminator(hidden=[8, 8])
    points = generator(torch.randn(5, 3))
    assert points.shape == (5, 2)
    assert discriminator(points).shape == (5,)
    head = generator.layers[-1]
    with torch.no_grad():
        head.weight.mul_(1000)
    assert generator(torch.randn(50, 3)).abs().max() > 2
    assert (generator.classes, discriminator.classes) == (0, 0)


def test_networks_work_on_coordinates_divided_by_the_scale():
    small, large = (Generator(scale, hidden=[8]) for scale in (1.0, 4.0))
    large.load_state_dict(small.state_dict())
    latent = torch.randn(5, 2)
    assert torch.equal(large(latent), 4 * small(latent))
    near, far = (Discriminator(scale, hidden=[8]) for scale in (1.0, 4.0))
    far.load_state_dict(near.state_dict())
    assert torch.equal(far(4 * latent), near(latent))


@pytest.mark.parametrize("bias", [True, False])
def test_the_head_has_a_bias_only_if_asked(bias):
    discriminator = Discriminator(hidden=[8], head_bias=bias)
    assert (discriminator.head.bias is not None) == bias
    assert discriminator.head.out_features == 1


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_every_normalization_trains(normalization):
    generator = Generator(hidden=[8], normalization=normalization)
    discriminator = Discriminator(hidden=[8], normalization=normalization)
    discriminator(generator(torch.randn(6, 2))).square().sum().backward()
    assert all(p.grad is not None for network in (generator, discriminator) for p in network.parameters())


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_a_pack_is_one_point_of_more_coordinates(normalization):
    network = Discriminator(4.0, hidden=[8, 6], normalization=normalization, packing=3)
    points = torch.randn(12, 2)
    by_hand = torch.stack([torch.cat([points[3 * i + j] for j in range(3)]) for i in range(4)])
    logits = network.eval()(points)
    assert logits.shape == (4,)
    assert torch.equal(logits, network.layers(by_hand / 4).squeeze(1))
    with pytest.raises(ValueError, match="11 inputs make no whole packs of packing=3"):
        network(points[1:])
    assert (network.packing, Discriminator().packing) == (3, 1)


def test_frequencies_add_sines_and_cosines_of_the_scaled_coordinates():
    network = Discriminator(4.0, hidden=[8], packing=2, frequencies=3)
    assert network.layers[0].in_features == 2 * 2 * (1 + 2 * 3)
    points = torch.tensor([[1.0, -2.0], [0.0, 4.0]])
    both = encoded(points / 4, 2)
    assert both.shape == (2, 10)
    assert torch.allclose(both[0, :2], torch.tensor([0.25, -0.5]))
    assert torch.allclose(both[0, 2:4], torch.tensor([math.sin(math.pi / 4), -1.0]))
    assert torch.allclose(both[0, 4:6], torch.tensor([math.cos(math.pi / 4), 0.0]), atol=1e-6)
    assert torch.allclose(both[0, 6:8], torch.tensor([1.0, 0.0]), atol=1e-6)
    assert torch.allclose(both[0, 8:], torch.tensor([0.0, -1.0]), atol=1e-6)
    assert torch.equal(encoded(points, 0), points)
    assert network(points).shape == (1,)
    moved = network(torch.tensor([[1.0, -2.0], [0.1, 4.0]]))
    assert not torch.equal(network(points), moved)


@pytest.mark.parametrize("packing", [1, 2])
def test_the_head_is_told_the_features(packing):
    check_features(lambda bias: Discriminator(hidden=[8, 6], head_bias=bias, packing=packing), torch.randn(6, 2))
    assert Discriminator(hidden=[8, 6], packing=packing).features == 6
