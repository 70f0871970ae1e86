import pytest
import torch
from torch import nn

from helpers import check_head, check_labels_matter, check_minibatch_stddev, check_spectral
from network_checks import check_code, check_encoder, check_joint, check_packing
from saddle.architecture.mlp import Discriminator, Encoder, Generator, JointDiscriminator


def shapes(network: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(m.weight.shape) for m in network.modules() if isinstance(m, nn.Linear)]


def test_the_defaults_are_the_tutorials_networks():
    generator, discriminator = Generator(28, 1), Discriminator(28, 1)
    assert shapes(generator) == [(256, 100), (256, 256), (256, 256), (128, 256), (784, 128)]
    assert shapes(discriminator) == [(256, 784), (256, 256), (1, 256)]
    kinds = [type(m) for m in generator.layers]
    assert kinds == [nn.Linear, nn.ReLU] * 4 + [nn.Linear]
    assert [type(m) for m in discriminator.layers] == [nn.Linear, nn.ReLU] * 2 + [nn.Linear]


def test_generator_is_its_layers_and_a_tanh_and_discriminator_has_no_sigmoid():
    generator, discriminator = Generator(4, 3), Discriminator(4, 3)
    latent = 10 * torch.randn(5, 100)
    images = generator(latent)
    torch.testing.assert_close(images, torch.tanh(generator.layers(latent)).view(5, 3, 4, 4))
    with torch.no_grad():
        discriminator.layers[-1].bias.fill_(50.0)
    assert discriminator(images).shape == (5,)
    assert (discriminator(images) > 40).all()


@pytest.mark.parametrize("normalization", ["batch", "spectral"])
def test_normalization_is_where_it_was_asked_for(normalization):
    network = Discriminator(4, 1, normalization=normalization)
    norms = sum(isinstance(m, nn.BatchNorm1d) for m in network.modules())
    spectral = sum(hasattr(m, "parametrizations") for m in network.layers)
    assert (norms, spectral) == ((2, 0) if normalization == "batch" else (0, 3))


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_conditional_networks_listen_to_their_labels(normalization, condition):
    given = {"conditional": True, "classes": 3, "normalization": normalization}
    check_labels_matter(Generator(4, 2, **given), Discriminator(4, 2, condition=condition, **given))


@pytest.mark.parametrize("network", [Generator, Discriminator])
def test_a_conditional_network_without_classes_is_refused(network):
    with pytest.raises(ValueError, match="needs labels, but classes=0"):
        network(4, 1, conditional=True)


@pytest.mark.parametrize("normalization", ["none", "spectral"])
@pytest.mark.parametrize("conditional", [False, True])
def test_the_head_is_told_the_features_and_has_a_bias_only_if_asked(conditional, normalization):
    given = {"conditional": conditional, "classes": 3, "normalization": normalization}
    check_head(lambda bias: Discriminator(8, 1, hidden=(9, 5), head_bias=bias, **given), features=5)


@pytest.mark.parametrize("conditional", [False, True])
def test_the_spread_of_a_group_joins_the_features_before_the_head(conditional):
    given = {"conditional": conditional, "classes": 3, "normalization": "spectral"}
    network = Discriminator(8, 1, hidden=(9, 5), minibatch_stddev=3, **given)
    check_minibatch_stddev(network, group_size=3)
    assert (network.head.linear if conditional else network.head).in_features == 6


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("conditional", [False, True])
def test_spectral_normalization_bounds_every_weight_of_both_networks(conditional, condition):
    given = {"normalization": "spectral", "conditional": conditional, "classes": 3}
    check_spectral(Generator(8, 1, hidden=(9, 5), **given), (torch.randn(4, 100),), weights=3)
    discriminator = Discriminator(8, 1, hidden=(9, 5), minibatch_stddev=2, condition=condition, **given)
    projects = conditional and condition == "projection"
    check_spectral(discriminator, (torch.randn(4, 1, 8, 8),), weights=3 + projects)


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize("stddev", [0, 2])
def test_a_pack_is_one_image_of_more_channels(stddev, normalization):
    given = {"hidden": (9, 5), "normalization": normalization, "minibatch_stddev": stddev}
    check_packing(lambda channels, packing: Discriminator(3, channels, packing=packing, **given), (2, 3, 3))


def test_packs_have_no_labels():
    with pytest.raises(ValueError, match="packing=2 joins images whose labels may differ"):
        Discriminator(8, 1, conditional=True, classes=3, packing=2)


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize("size", [28, 32, 9])
def test_an_encoder_is_the_discriminator_with_another_end(size, normalization):
    given = {"hidden": (9, 7), "normalization": normalization}
    images = torch.randn(6, 2, size, size)
    check_encoder(lambda gaussian: Encoder(size, 2, latent_dim=5, gaussian=gaussian, **given), images)
    encoder, discriminator = Encoder(size, 2, 5, **given), Discriminator(size, 2, **given)
    assert list(map(str, encoder.layers[:-1])) == list(map(str, discriminator.layers[:-1]))


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize("size", [28, 32, 9])
def test_a_joint_discriminator_reads_image_and_code_together(size, normalization):
    given = {"hidden": (9, 7), "normalization": normalization}
    assert JointDiscriminator(size, 2, latent_dim=5, **given).layers[0].in_features == 2 * size**2 + 5
    images = torch.randn(6, 2, size, size)
    check_joint(lambda bias: JointDiscriminator(size, 2, latent_dim=5, head_bias=bias, **given), images)


def test_networks_of_codes_are_spectrally_normalized():
    given = {"latent_dim": 5, "hidden": (9, 7), "normalization": "spectral"}
    images = torch.randn(4, 1, 8, 8)
    check_spectral(Encoder(8, 1, **given), (images,), weights=3)
    check_spectral(JointDiscriminator(8, 1, **given), (images, torch.randn(4, 5)), weights=3)


def test_the_last_numbers_of_the_latent_are_a_code():
    check_code(lambda *code: Generator(4, 1, code[0], categories=code[1], continuous=code[2]))


def test_rectangles_keep_their_height_and_width():
    images = Generator([5, 8], 4)(torch.randn(2, 100))
    assert images.shape == (2, 4, 5, 8)
    assert Discriminator([5, 8], 4, packing=2)(images).shape == (1,)
    code = Encoder((5, 8), 4, 7)(images)
    assert JointDiscriminator([5, 8], 4, 7)(images, code).shape == (2,)
