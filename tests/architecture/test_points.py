import pytest
import torch

from network_checks import check_features
from saddle.architecture.points import Discriminator, Generator


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


@pytest.mark.parametrize("packing", [1, 2])
def test_the_head_is_told_the_features(packing):
    check_features(lambda bias: Discriminator(hidden=[8, 6], head_bias=bias, packing=packing), torch.randn(6, 2))
    assert Discriminator(hidden=[8, 6], packing=packing).features == 6
