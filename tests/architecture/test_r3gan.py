from functools import partial

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from helpers import check_head, check_labels_matter
from network_checks import check_code, check_packing, check_r1, check_rectangles, check_sizes, check_trained, millions
from saddle.architecture.r3gan import Discriminator, Generator, stage_widths
from saddle.layer.bottleneck import Bottleneck

SMALL = {"width": 16, "group_size": 4, "blocks": 1}
G, D = partial(Generator, **SMALL), partial(Discriminator, **SMALL)


@pytest.mark.parametrize(
    ("size", "labels", "published"),
    [(32, {"conditional": True, "classes": 10}, (20.78, 21.28)), (64, {}, (22.43, 22.38)), (256, {}, (23.06, 23.01))],
)
def test_the_papers_numbers_of_parameters_are_met(size, labels, published):
    """CIFAR-10, FFHQ-64 and FFHQ-256."""
    with torch.device("meta"):
        networks = Generator(size, 3, **labels), Discriminator(size, 3, head_bias=False, **labels)
    assert [round(millions(network), 2) for network in networks] == list(published)


def test_every_size_is_reached_exactly():
    check_sizes(G, D)


def test_rectangles_are_made_and_judged():
    check_rectangles(G, D)


def test_features_halve_behind_the_wide_stages():
    assert stage_widths(768, wide_stages=4, stages=7) == [768, 768, 768, 768, 384, 192, 96]
    assert stage_widths(8, wide_stages=1, stages=6) == [8, 4, 2, 1, 1, 1]


@pytest.mark.parametrize("network", [G, D])
def test_the_settings_of_a_stage_reach_its_blocks(network):
    made = network(32, 1, width=32, wide_stages=2, blocks=3)
    blocks = [module for module in made.modules() if isinstance(module, Bottleneck)]
    features = [block.layers[0].in_channels for block in blocks]
    assert sorted(features, reverse=True) == [32] * 6 + [16] * 3 + [8] * 3
    assert (features == sorted(features, reverse=True)) == (network is G)
    assert {block.layers[2].in_channels // block.layers[2].groups for block in blocks} == {4}


def test_smooth_maps_keep_their_variance_at_the_start():
    torch.manual_seed(0)
    images = Generator(32, 3, width=64)(torch.randn(64, 64), activated=False)
    assert 0.4 < images.std() < 2
    smooth = interpolate(torch.randn(64, 3, 4, 4), scale_factor=8, mode="bilinear")
    assert 0.4 < Discriminator(32, 3, width=64)(smooth).std() < 2


def test_blocks_are_scaled_by_their_number_in_the_network():
    torch.manual_seed(0)
    first = next(module for module in G(32, 1, width=256, blocks=4).modules() if isinstance(module, Bottleneck))
    assert first.layers[0].weight.std().item() == pytest.approx((2 / 1.04 / 256) ** 0.5 * 16**-0.25, rel=0.03)


def test_conditional_networks_listen_to_their_labels():
    torch.manual_seed(0)
    check_labels_matter(G(8, 2, conditional=True, classes=3), D(8, 2, conditional=True, classes=3))


def test_the_features_of_a_class_and_its_vector_begin_with_a_product_of_1():
    torch.manual_seed(0)
    head = D(8, 1, width=256, conditional=True, classes=20).head
    assert head(torch.randn(500, 256), torch.arange(500) % 20).std().item() == pytest.approx(2**0.5, rel=0.1)


@pytest.mark.parametrize("labels", [{}, {"conditional": True, "classes": 3}])
def test_the_head_is_told_the_features_and_has_a_bias_only_if_asked(labels):
    check_head(lambda bias: D(8, 1, head_bias=bias, **labels), features=16)


def test_a_pack_is_one_image_of_more_channels():
    check_packing(woken, (2, 8, 8))


def woken(channels: int, packing: int) -> nn.Module:
    """A discriminator whose residual blocks have left the identity, with which they begin."""
    network = D(8, channels, packing=packing)
    for block in (module for module in network.modules() if isinstance(module, Bottleneck)):
        nn.init.normal_(block.layers[-1].weight, std=0.2)
    return network


def test_the_gradient_of_r1_is_that_of_finite_differences():
    torch.manual_seed(0)
    check_r1(woken(1, 1).double(), torch.randn(4, 1, 8, 8, dtype=torch.float64))


def test_the_last_numbers_of_the_latent_are_a_code():
    check_code(lambda *code: G(8, 1, code[0], categories=code[1], continuous=code[2]))


def test_every_weight_learns_once_the_blocks_have_left_the_identity():
    generator = G(16, 1, conditional=True, classes=3)
    for block in (module for module in generator.modules() if isinstance(module, Bottleneck)):
        nn.init.normal_(block.layers[-1].weight)
    check_trained(generator, generator(torch.randn(6, 64), torch.arange(6) % 3))


def test_widths_that_make_no_whole_groups_are_refused():
    for network in (Generator, Discriminator):
        with pytest.raises(ValueError, match="group_size=16 does not divide the 40 features"):
            network(8, 1, width=20)
