from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d

from helpers import check_spectral
from network_checks import (
    check_code,
    check_features,
    check_packing,
    check_r1,
    check_rectangles,
    check_sizes,
    check_trained,
)
from saddle.architecture.light import Discriminator, Generator
from saddle.layer.skip_layer_excitation import SkipLayerExcitation

G, D = partial(Generator, width=2), partial(Discriminator, width=2)


def test_every_size_is_reached_exactly():
    check_sizes(G, D)


def test_rectangles_are_made_and_judged():
    check_rectangles(G, D)


@pytest.mark.parametrize(
    ("size", "pairs"),
    [
        (8, [(4, 8)]),
        (28, [(7, 28)]),
        (32, [(4, 32)]),
        (64, [(4, 64)]),
        (256, [(4, 64), (8, 128), (16, 256)]),  # with those of the paper's figure 3
    ],
)
def test_a_map_weighs_the_channels_of_the_one_four_doublings_above(size, pairs):
    generator, seen = G(size, 1, width=1), []
    for layer in generator.excitations:
        assert isinstance(layer, SkipLayerExcitation)
        layer.register_forward_pre_hook(lambda layer, maps: seen.append((maps[1].shape[2], maps[0].shape[2])))
    generator(torch.randn(2, 256))
    assert seen == pairs


def test_features_double_towards_the_smallest_map_up_to_sixteen_times():
    generator = G(256, 3, width=3)
    assert [doubling[1].out_channels // 2 for doubling in generator.doublings] == [48, 48, 24, 12, 6, 3]
    assert generator.first[0].out_features == 2 * 48 * 4 * 4
    discriminator = D(256, 3, width=3)
    assert [layer.strided[0].out_channels for layer in discriminator.maps[1:]] == [6, 12, 24, 48, 48]


def test_a_logit_is_the_mean_of_a_4x4_convolution_at_all_places():
    network = D(32, 1, normalization="none", head_bias=True)
    images = torch.randn(3, 1, 32, 32)
    maps = network.judge[:2](network._maps(images)[-1])
    assert maps.shape == (3, 8, 8, 8)
    places = nn.functional.conv2d(maps, network.head.weight.view(1, 8, 4, 4), network.head.bias)
    assert places.shape == (3, 1, 5, 5)
    torch.testing.assert_close(network(images), places.mean((1, 2, 3)))


@pytest.mark.parametrize("normalization", ["spectral", "none"])
@pytest.mark.parametrize("reconstructs", [False, True])
def test_spectral_norm_bounds_the_logit_and_leaves_the_decoders_alone(normalization, reconstructs):
    network = D(16, 1, normalization=normalization, reconstructs=reconstructs)
    assert network.is_lipschitz == (normalization == "spectral")
    assert (network.mixes_rows, network.classes, network.reconstructs) == (False, 0, reconstructs)
    if normalization == "spectral" and not reconstructs:
        check_spectral(network, (torch.randn(4, 1, 16, 16),), weights=1 + 2 * 3 + 2)


def test_the_head_is_told_the_features_and_has_a_bias_only_if_asked():
    check_features(lambda bias: D(8, 1, head_bias=bias), torch.randn(4, 1, 8, 8))
    assert D(8, 1).features == 2 * 4 * 2 * 2


@pytest.mark.parametrize("normalization", ["spectral", "none"])
def test_a_pack_is_one_image_of_more_channels(normalization):
    check_packing(lambda channels, packing: D(8, channels, normalization=normalization, packing=packing), (2, 8, 8))


def test_the_gradient_of_r1_is_that_of_finite_differences():
    torch.manual_seed(0)
    network = D(9, 1, width=4, normalization="none").double()
    check_r1(network, torch.randn(4, 1, 9, 9, dtype=torch.float64))


def test_the_last_numbers_of_the_latent_are_a_code():
    check_code(lambda *code: G(8, 1, code[0], categories=code[1], continuous=code[2]).eval())


@pytest.mark.parametrize("size", [8, 64])
def test_every_weight_of_g_learns(size):
    generator = G(size, 1)
    check_trained(generator, generator(torch.randn(6, 256)))


@pytest.mark.parametrize(
    ("size", "part", "whole"),
    [(8, 4, 8), (16, 8, 16), (27, 14, 27), (28, 14, 28), (32, 16, 32), (48, 24, 48), (256, 128, 128), (512, 128, 128)],
)
def test_decoders_make_a_corner_and_the_whole_image_of_at_most_four_doublings(size, part, whole):
    network = D(size, 3, width=1, reconstructs=True)
    images, where = torch.rand(2, 3, size, size) * 2 - 1, torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    (made_part, wanted_part), (made, wanted) = network.reconstructions(images, where)
    assert made_part.shape == wanted_part.shape == (2, 3, part, part)
    assert made.shape == wanted.shape == (2, 3, whole, whole)
    assert max(made.abs().max(), made_part.abs().max()) <= 1
    torch.testing.assert_close(wanted, avg_pool2d(images, size // whole))
    half = max(part, size // 2)
    expected = torch.stack([images[0, :, -half:, :half], images[1, :, :half, -half:]])
    torch.testing.assert_close(wanted_part, avg_pool2d(expected, half // part))


def test_the_corner_that_is_decoded_is_the_one_that_is_shown():
    """A change below on the right of the image changes only what is decoded of that corner."""
    torch.manual_seed(0)
    network = D(64, 1, width=4, reconstructs=True)
    images = torch.randn(1, 1, 64, 64)
    changed = images.clone()
    changed[..., 52:, 52:] += 1
    for where, differs in ((torch.tensor([[0.9, 0.9]]), True), (torch.tensor([[0.1, 0.1]]), False)):
        network.eval()
        before, after = (network.reconstructions(x, where)[0] for x in (images, changed))
        for one, other in zip(before, after, strict=True):
            assert torch.equal(one, other) != differs


def test_decoders_are_trained_with_the_maps_that_they_read():
    network = D(32, 1, reconstructs=True, normalization="none")
    pairs = network.reconstructions(torch.randn(4, 1, 32, 32), torch.rand(4, 2))
    sum((made - wanted).square().sum() for made, wanted in pairs).backward()
    still = {name.split(".")[0] for name, weight in network.named_parameters() if weight.grad is None}
    assert still == {"judge"}


def test_packs_are_decoded_together():
    network = D(16, 3, packing=2, reconstructs=True)
    (part, _), (whole, wanted) = network.reconstructions(torch.randn(4, 3, 16, 16), torch.rand(4, 2))
    assert (part.shape, whole.shape, wanted.shape) == ((2, 6, 8, 8), (2, 6, 16, 16), (2, 6, 16, 16))
