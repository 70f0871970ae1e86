from functools import partial

import pytest
import torch
from torch import nn

from helpers import check_head, check_labels_matter, check_spectral
from network_checks import check_code, check_packing, check_r1, check_rectangles, check_sizes, check_trained, millions
from saddle.architecture.sngan import Discriminator, Generator, discriminator_widths, generator_widths
from saddle.layer.attention import SelfAttention
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.resampling import growing_sides

G, D = partial(Generator, width=2), partial(Discriminator, width=4)


def test_the_pair_of_cifar_10_has_its_numbers_of_parameters():
    """But for the biases of three blocks in front of batch norm, which it subtracts."""
    with torch.device("meta"):
        generator, discriminator = Generator(32, 3), Discriminator(32, 3)
        with_biases = millions(generator) + 3 * 3 * 256 / 1e6
    assert (round(with_biases, 2), round(millions(discriminator), 2)) == (4.28, 1.05)
    assert millions(generator) == pytest.approx(4.28, abs=0.01)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_no_convolution_of_a_block_has_a_bias_that_batch_norm_subtracts(batch_norm):
    layers = [module for module in G(16, 1, batch_norm=batch_norm).blocks.modules() if isinstance(module, nn.Conv2d)]
    assert len(layers) == 6
    assert {layer.bias is None for layer in layers} == {batch_norm}


@pytest.mark.parametrize(
    ("size", "features"),
    [
        (28, [256] * 3),
        (32, [256] * 4),  # table 4
        (48, [512, 256, 128, 64]),  # table 5
        (64, [1024, 512, 256, 128, 64]),
        (128, [1024, 1024, 512, 256, 128, 64]),  # table 6
    ],
)
def test_features_of_the_generator_are_the_tables(size, features):
    assert generator_widths(64, growing_sides(size, size)) == features


@pytest.mark.parametrize(
    ("size", "blocks"),
    [
        (28, [(128, True), (128, True), (128, False), (128, False)]),
        (32, [(128, True), (128, True), (128, False), (128, False)]),  # table 4
        (48, [(64, True), (128, True), (256, True), (512, True), (1024, False)]),  # table 5
        (64, [(64, True), (128, True), (256, True), (512, True), (1024, False)]),
        (128, [(64, True), (128, True), (256, True), (512, True), (1024, True), (1024, False)]),  # table 6 (b)
    ],
)
def test_blocks_of_the_discriminator_are_the_tables(size, blocks):
    assert discriminator_widths(64, size, size) == blocks


def test_every_size_is_reached_exactly():
    check_sizes(G, D)


def test_rectangles_are_made_and_judged():
    check_rectangles(G, D)


def test_all_weights_of_d_are_spectrally_normalized_and_g_has_batch_norm():
    network = D(16, 1, attention=8)
    assert network.is_lipschitz
    assert not network.mixes_rows
    check_spectral(network, (torch.randn(4, 1, 16, 16),), weights=4 * 2 + 2 + 4 + 1)
    assert not D(16, 1, normalization="none").is_lipschitz
    norms = [module for module in G(32, 1).modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(norms) == 7
    assert not [module for module in G(32, 1, batch_norm=False).modules() if isinstance(module, nn.BatchNorm2d)]


def test_with_spectral_norm_all_weights_of_g_are_normalized_beside_batch_norm():
    generator = G(16, 1, spectral_norm=True, attention=8)
    check_spectral(generator, (torch.randn(4, 128),), weights=1 + 2 * 3 + 4 + 1)
    assert generator.mixes_rows


def test_conditional_networks_listen_to_their_labels():
    torch.manual_seed(0)
    generator = G(8, 2, conditional=True, classes=3)
    norms = [module for module in generator.modules() if isinstance(module, ConditionalBatchNorm)]
    assert len(norms) == 2
    for norm in norms:
        nn.init.normal_(norm.bias.weight)
    check_labels_matter(generator, D(8, 2, conditional=True, classes=3))


def test_without_batch_norm_labels_have_no_way_in():
    with pytest.raises(ValueError, match="batch_norm=False leaves no way in for labels: use batch_norm=true, or"):
        G(8, 1, conditional=True, classes=3, batch_norm=False)


@pytest.mark.parametrize("labels", [{}, {"conditional": True, "classes": 3}])
@pytest.mark.parametrize("normalization", ["spectral", "none"])
def test_the_head_is_told_the_features_and_has_a_bias_only_if_asked(normalization, labels):
    check_head(lambda bias: D(8, 1, normalization=normalization, head_bias=bias, **labels), features=8)


@pytest.mark.parametrize(("network", "sides"), [(G, [4, 8, 16]), (D, [8, 4])])
def test_attention_follows_the_feature_map_of_its_side_and_other_sides_are_refused(network, sides):
    for side in sides:
        made, seen = network(16, 1, attention=side), []
        (layer,) = [module for module in made.modules() if isinstance(module, SelfAttention)]
        layer.register_forward_hook(lambda layer, given, output, seen=seen: seen.append(given[0].shape[2:]))
        made(torch.randn(2, 128) if network is G else torch.randn(2, 1, 16, 16))
        assert seen == [(side, side)]
    with pytest.raises(ValueError, match=f"attention=5: the sides of .* here are {', '.join(map(str, sides))}; use"):
        network(16, 1, attention=5)


@pytest.mark.parametrize("normalization", ["spectral", "none"])
def test_a_pack_is_one_image_of_more_channels(normalization):
    check_packing(lambda channels, packing: D(8, channels, normalization=normalization, packing=packing), (2, 8, 8))


@pytest.mark.parametrize("normalization", ["spectral", "none"])
def test_the_gradient_of_r1_is_that_of_finite_differences(normalization):
    torch.manual_seed(0)
    network = D(16, 1, normalization=normalization, attention=8).double()
    nn.init.ones_(next(module for module in network.modules() if isinstance(module, SelfAttention)).gamma)
    check_r1(network, torch.randn(4, 1, 16, 16, dtype=torch.float64))


def test_the_last_numbers_of_the_latent_are_a_code():
    check_code(lambda *code: G(8, 1, code[0], categories=code[1], continuous=code[2]).eval())


def test_every_weight_learns():
    generator = G(16, 1, conditional=True, classes=3)
    check_trained(generator, generator(torch.randn(6, 128), torch.arange(6) % 3))
