import pytest
import torch

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
