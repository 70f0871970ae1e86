"""DCGAN's pair: shapes at every size, what its settings add, and the initial weights of the paper."""

import pytest
import torch
from torch import nn

from helpers import check_head, check_labels_matter, check_minibatch_stddev, check_spectral
from saddle.architecture.dcgan import Discriminator, Encoder, Generator, JointDiscriminator
from saddle.layer.attention import SelfAttention
from saddle.layer.conditional_batch_norm import ConditionalBatchNorm
from saddle.layer.residual import ResidualBlock
from saddle.penalty.base import logits_and_input_gradient


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [5, 8, 27, 28, 30, 32, 45, 64])
def test_any_size_and_channels_are_reached_exactly(size, channels):
    images = Generator(size, channels, widths=(8, 4))(torch.randn(2, 100))
    assert images.shape == (2, channels, size, size)
    assert images.abs().max() <= 1
    assert Discriminator(size, channels, widths=(4, 8))(images).shape == (2,)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_each_width_is_one_doubling(depth):
    generator = Generator(64, 1, widths=(4,) * depth)
    first = generator.layers[:2](torch.randn(2, 100))
    assert first.shape == (2, 4, 64 // 2**depth, 64 // 2**depth)
    assert generator(torch.randn(2, 100)).shape == (2, 1, 64, 64)


@pytest.mark.parametrize("network", [Generator, Discriminator, Encoder, JointDiscriminator])
def test_too_small_an_image_is_refused_with_the_mend(network):
    network(9, 1, widths=(4, 4, 4))
    with pytest.raises(ValueError, match="image_size=8 is too small for 3 halvings.*at least 9"):
        network(8, 1, widths=(4, 4, 4))


@pytest.mark.parametrize(("normalization", "batch", "spectral"), [("none", 0, 0), ("batch", 1, 0), ("spectral", 0, 3)])
def test_normalization_of_the_discriminator(normalization, batch, spectral):
    network = Discriminator(8, 1, widths=(4, 8), normalization=normalization)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in network.modules()) == batch
    assert sum(hasattr(m, "parametrizations") for m in network.layers) == spectral


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("conditional", [False, True])
def test_spectral_normalization_bounds_every_weight_of_both_networks(conditional, condition):
    given = {"normalization": "spectral", "conditional": conditional, "classes": 3}
    generator = Generator(16, 1, widths=(16, 8), attention=8, **given)
    discriminator = Discriminator(
        *(16, 1), widths=(8, 16), attention=8, hidden=6, minibatch_stddev=2, condition=condition, **given
    )
    check_spectral(generator, (torch.randn(4, 100),), weights=7)
    projects = conditional and condition == "projection"
    check_spectral(discriminator, (torch.randn(4, 1, 16, 16),), weights=8 + projects)


def test_weights_begin_as_the_paper_says():
    weights = torch.cat(
        [
            m.weight.flatten()
            for network in (kind(28, 1) for kind in (Generator, Discriminator, Encoder, JointDiscriminator))
            for m in network.modules()
            if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
        ]
    )
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert weights.mean().item() == pytest.approx(0.0, abs=2e-4)


@pytest.mark.parametrize("condition", ["projection", "concatenation"])
@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_conditional_networks_listen_to_their_labels(normalization, condition):
    given = {"conditional": True, "classes": 3, "normalization": normalization, "widths": (4, 8)}
    check_labels_matter(Generator(8, 2, **given), Discriminator(8, 2, condition=condition, **given))


def test_batch_norm_of_a_conditional_generator_is_conditional():
    generator = Generator(8, 1, widths=(4, 8), conditional=True, classes=3)
    norms = [module for module in generator.modules() if isinstance(module, ConditionalBatchNorm)]
    assert [norm.gain.weight.shape for norm in norms] == [(3, 4), (3, 8)]
    gains = torch.cat([norm.gain.weight.flatten() for norm in norms])
    assert 0.01 < gains.std() < 0.04
    assert gains.mean().item() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("size", [5, 7, 25, 28, 30, 45])
def test_sides_halve_down_with_kernels_of_4_and_up_with_5(size, kernel_size):
    network = Discriminator(size, 1, widths=(2, 3), kernel_size=kernel_size)
    images = torch.randn(2, 1, size, size)
    sides = [network.layers[:stop](images).shape[2] for stop in (1, 3)]
    half, up = size // 2, -(-size // 2)
    assert sides == ([half, half // 2] if kernel_size == 4 else [up, -(-up // 2)])
    assert network(images).shape == (2,)
    assert network.layers[0].kernel_size == (kernel_size, kernel_size)


@pytest.mark.parametrize(("normalization", "kind"), [("none", None), ("batch", nn.BatchNorm1d), ("spectral", None)])
def test_a_hidden_layer_stands_before_the_head(normalization, kind):
    network = Discriminator(8, 1, widths=(4, 8), hidden=6, normalization=normalization)
    linear, *norms, activation, head = list(network.layers)[list(map(type, network.layers)).index(nn.Flatten) + 1 :]
    assert (linear.in_features, linear.out_features, head.in_features) == (32, 6, 6)
    assert [type(norm) for norm in norms] == ([] if kind is None else [kind])
    assert type(activation) is nn.LeakyReLU
    assert hasattr(linear, "parametrizations") == (normalization == "spectral")
    assert 0.01 < linear.weight.std() < 0.04 or normalization == "spectral"
    assert network(torch.randn(3, 1, 8, 8)).shape == (3,)


@pytest.mark.parametrize(("size", "doublings"), [(28, 2), (32, 3)])
def test_a_generator_without_norm_reaches_the_size(size, doublings):
    generator = Generator(size, 1, normalization="none")
    kinds = {type(module) for module in generator.modules()}
    assert not kinds & {nn.BatchNorm2d, ConditionalBatchNorm}
    transposed = [m for m in generator.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(m.kernel_size, m.bias is not None) for m in transposed] == [((4, 4), True)] * doublings
    images = generator(50 * torch.randn(3, 100))
    assert images.shape == (3, 1, size, size)
    alone = generator(torch.ones(1, 100))
    torch.testing.assert_close(generator(torch.cat([torch.ones(1, 100), torch.randn(2, 100)]))[:1], alone)


@pytest.mark.parametrize("normalization", ["none", "spectral"])
@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("hidden", [0, 6])
def test_the_head_is_told_the_features_and_has_a_bias_only_if_asked(conditional, normalization, hidden):
    given = {"conditional": conditional, "classes": 3, "normalization": normalization, "hidden": hidden}
    check_head(lambda bias: Discriminator(8, 1, widths=(4, 8), head_bias=bias, **given), features=hidden or 32)


@pytest.mark.parametrize("hidden", [0, 6])
@pytest.mark.parametrize("conditional", [False, True])
def test_the_spread_of_a_group_joins_the_last_feature_map(conditional, hidden):
    given = {"conditional": conditional, "classes": 3, "hidden": hidden, "normalization": "spectral"}
    network = Discriminator(8, 1, widths=(4, 8), minibatch_stddev=3, **given)
    check_minibatch_stddev(network, group_size=3)
    first = list(network.layers)[list(map(type, network.layers)).index(nn.Flatten) + 1]
    inputs = (first.linear if conditional and not hidden else first).in_features
    assert inputs == (8 + 1) * 2 * 2


@pytest.mark.parametrize(("network", "sides"), [(Generator, [7, 13]), (Discriminator, [12, 6])])
def test_attention_follows_the_feature_map_of_its_side_and_other_sides_are_refused(network, sides):
    widths = (32, 16) if network is Generator else (16, 32)
    for side, features in zip(sides, widths, strict=True):
        made = network(25, 1, widths=widths, attention=side)
        seen = []
        (layer,) = [module for module in made.modules() if isinstance(module, SelfAttention)]
        layer.register_forward_hook(lambda layer, given, output, seen=seen: seen.append(given[0].shape))
        made(torch.randn(2, 100) if network is Generator else torch.randn(2, 1, 25, 25))
        assert seen == [(2, features, side, side)]
        assert layer.query.out_channels == features // 8
    listed = ", ".join(map(str, sides))
    for side in (25, 14, 1):
        with pytest.raises(ValueError, match=f"attention={side}: the sides of the feature maps here are {listed}; use"):
            network(25, 1, widths=widths, attention=side)
    assert not any(isinstance(module, SelfAttention) for module in network(25, 1).modules())


def test_attention_at_sides_that_halve_up():
    assert Discriminator(25, 1, widths=(8, 8), kernel_size=5, attention=13)(torch.randn(2, 1, 25, 25)).shape == (2,)
    with pytest.raises(ValueError, match="are 13, 7; use"):
        Discriminator(25, 1, widths=(8, 8), kernel_size=5, attention=12)


@pytest.mark.parametrize("normalization", ["none", "spectral"])
def test_the_gradient_of_r1_through_every_option_is_that_of_finite_differences(normalization):
    torch.manual_seed(0)
    given = {"attention": 4, "minibatch_stddev": 2, "hidden": 6, "kernel_size": 5, "normalization": normalization}
    network = Discriminator(8, 1, widths=(8, 16), **given).double().eval()  # so that power iterations stand still
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(20)
        next(m for m in network.modules() if isinstance(m, SelfAttention)).gamma.fill_(0.5)
    images = torch.randn(4, 1, 8, 8, dtype=torch.float64)

    def r1() -> torch.Tensor:
        return logits_and_input_gradient(network, images)[1].square().flatten(1).sum(1).mean()

    r1().backward()
    expected, measured = [], []
    for parameter in network.parameters():
        if parameter.grad is None:  # the head's bias, on which the input gradient does not depend
            continue
        flat, gradient = parameter.data.view(-1), parameter.grad.flatten()
        place = int(gradient.abs().argmax())
        value, step, ends = flat[place].item(), 1e-6, []
        for sign in (1, -1):
            flat[place] = value + sign * step
            ends.append(r1().item())
        flat[place] = value
        expected.append((ends[0] - ends[1]) / (2 * step))
        measured.append(gradient[place].item())
    largest = max(map(abs, measured))
    assert measured == pytest.approx(expected, rel=1e-4, abs=1e-7 * largest)
    assert sum(abs(slope) > 1e-5 * largest for slope in measured) >= 9


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize("size", [8, 27, 28])
def test_blocks_and_a_last_width_keep_the_sizes(size, normalization):
    torch.manual_seed(0)
    generator = Generator(size, 3, widths=(8, 6), blocks=2, last_width=5, normalization=normalization)
    assert sum(isinstance(module, ResidualBlock) for module in generator.modules()) == 4
    images = generator(torch.randn(4, 100))
    assert images.shape == (4, 3, size, size)
    *_, last = generator.layers
    assert (last.in_channels, last.out_channels, last.kernel_size) == (5, 3, (3, 3))
    discriminator = Discriminator(size, 3, widths=(4, 8), blocks=1, last_convolutions=2, normalization=normalization)
    assert sum(isinstance(module, ResidualBlock) for module in discriminator.modules()) == 2
    assert discriminator(images).shape == (4,)


def test_a_last_width_of_a_conditional_generator_with_batch_norm_hears_the_label():
    generator = Generator(8, 1, widths=(4, 8), conditional=True, classes=3, last_width=5)
    norms = [module for module in generator.modules() if isinstance(module, ConditionalBatchNorm)]
    assert [norm.gain.weight.shape for norm in norms] == [(3, 4), (3, 8), (3, 5)]


def test_deeper_networks_bound_every_weight_by_spectral_normalization():
    torch.manual_seed(0)
    given = {"normalization": "spectral", "blocks": 1}
    generator = Generator(16, 1, widths=(16, 8), last_width=6, **given)
    check_spectral(generator, (torch.randn(4, 100),), weights=8)
    discriminator = Discriminator(16, 1, widths=(8, 16), last_convolutions=1, **given)
    check_spectral(discriminator, (torch.randn(4, 1, 16, 16),), weights=8)


def test_without_them_the_networks_are_those_of_earlier_versions():
    torch.manual_seed(0)
    plain = Generator(8, 1, widths=(4, 8)), Discriminator(8, 1, widths=(4, 8))
    torch.manual_seed(0)
    named = Generator(8, 1, widths=(4, 8), blocks=0, last_width=0), Discriminator(8, 1, widths=(4, 8), blocks=0)
    for first, second in zip(plain, named, strict=True):
        assert [*first.state_dict()] == [*second.state_dict()]
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("kernel_size", [4, 5])
@pytest.mark.parametrize("size", [[32, 48], [9, 30], [50, 27]])
def test_rectangles_are_made_and_judged_by_every_option(size, kernel_size):
    given = {"conditional": True, "classes": 3, "blocks": 1, "normalization": "spectral"}
    generator = Generator(size, 4, widths=8, last_width=5, **given)
    images = generator(torch.randn(2, 100), torch.tensor([0, 2]))
    assert images.shape == (2, 4, *size)
    discriminator = Discriminator(size, 4, widths=8, hidden=6, kernel_size=kernel_size, minibatch_stddev=2, **given)
    assert discriminator(images, torch.tensor([0, 2])).shape == (2,)
    code = Encoder(size, 4, 7, widths=8, kernel_size=kernel_size)(images)
    assert JointDiscriminator(size, 4, 7, widths=8, kernel_size=kernel_size)(images, code).shape == (2,)


def test_attention_follows_the_feature_map_with_that_shorter_side():
    generator = Generator([32, 48], 1, widths=8, attention=8)
    (layer,) = [module for module in generator.modules() if isinstance(module, SelfAttention)]
    seen = []
    layer.register_forward_hook(lambda layer, given, output: seen.append(given[0].shape))
    generator(torch.randn(2, 100))
    assert seen == [(2, 16, 8, 12)]
    with pytest.raises(ValueError, match="attention=12: the sides of the feature maps here are 16, 8, 4"):
        Discriminator([32, 48], 1, widths=8, attention=12)


def test_widths_that_are_a_number_are_those_of_the_list_that_is_derived():
    for network, widths in ((Generator, [32, 16, 8]), (Discriminator, [8, 16, 32]), (Encoder, [8, 16, 32])):
        torch.manual_seed(0)
        short = network(32, 1, widths=8)
        assert short.derived == {"widths": widths}
        torch.manual_seed(0)
        for one, other in zip(short.parameters(), network(32, 1, widths=widths).parameters(), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("last_width", [0, 5])
@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_a_generator_upsamples_by_fixed_filters(upsampling, last_width):
    generator = Generator((15, 24), 3, widths=8, last_width=last_width, upsampling=upsampling, normalization="none")
    assert generator(torch.randn(2, 100)).shape == (2, 3, 15, 24)
    assert not [layer for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
