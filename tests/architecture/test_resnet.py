import pytest
import torch
from torch import nn

from saddle.architecture.resnet import Discriminator, Generator, Residual
from saddle.config.compose import compose
from saddle.factory.parts import build_parts


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [8, 9, 11, 28, 32, 33])
def test_images_become_images_of_the_same_shape(size, channels):
    generator, discriminator = Generator(size, channels, width=4, blocks=1), Discriminator(size, channels, [4, 8])
    images = generator(torch.rand(3, channels, size, size) * 2 - 1)
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (3 * discriminator.patches,)
    logits.square().sum().backward()
    for network in (generator, discriminator):
        largest = {name: float(p.grad.abs().max()) for name, p in network.named_parameters()}
        assert min(largest.values()) > 1e-6 * max(largest.values()), largest
    assert (generator.latent_dim, generator.reads, generator.classes, discriminator.classes) == (0, "source", 0, 0)


def test_layers_are_those_of_the_paper():
    layers = list(Generator(28, 1, width=4, halvings=2, blocks=6).layers)
    kinds = [nn.Conv2d, nn.Conv2d, nn.Conv2d, *[Residual] * 6, nn.ConvTranspose2d, nn.ConvTranspose2d, nn.Conv2d]
    main = [layer for layer in layers if isinstance(layer, tuple(set(kinds)))]
    assert [type(layer) for layer in main] == kinds
    sizes = [(m.kernel_size[0], m.stride[0], m.out_channels) for m in main if not isinstance(m, Residual)]
    assert sizes == [(7, 1, 4), (3, 2, 8), (3, 2, 16), (3, 2, 8), (3, 2, 4), (7, 1, 1)]
    norms = [layer for layer in layers if isinstance(layer, nn.InstanceNorm2d)]
    assert len(norms) == 5
    assert not any(norm.affine or norm.track_running_stats for norm in norms)
    assert 0.018 < float(main[2].weight.detach().std()) < 0.022  # of 288 weights


def test_a_residual_block_adds():
    block, features = Residual(4), torch.randn(2, 4, 3, 5)
    torch.testing.assert_close(block(features) - features, block.layers(features))
    nn.init.zeros_(block.layers[3].weight)
    assert torch.equal(block(features), features)


@pytest.mark.parametrize(
    ("widths", "size", "patches", "field"),
    [([4], 28, 169, 10), ([4, 4], 28, 144, 16), ([4, 4, 4], 64, 196, 34), ([4] * 4, 160, 324, 70)],
)
def test_a_logit_sees_a_patch_and_logits_stand_image_after_image(widths, size, patches, field):
    network = Discriminator(size, 1, widths).double().eval()
    assert (network.patches, network.receptive_field, network.features) == (patches, field, 4)
    side = int(patches**0.5)
    images = torch.randn(2, 1, size, size, dtype=torch.float64, requires_grad=True)
    for layer in network.modules():
        if isinstance(layer, nn.InstanceNorm2d):
            layer.forward = lambda features: features  # it looks at the whole map, the convolutions at a patch
    logits = network(images)
    middle = patches + (side // 2) * side + side // 2
    (gradient,) = torch.autograd.grad(logits[middle], images)
    assert gradient[0].abs().sum() == 0
    rows = gradient[1, 0].abs().sum(1).nonzero().flatten()
    assert int(rows.max() - rows.min()) + 1 == field


@pytest.mark.parametrize("bias", [True, False])
def test_the_head_reads_the_features_and_has_a_bias_only_if_asked(bias):
    network = Discriminator(28, 1, [4, 8], head_bias=bias)
    seen = []
    network.head.register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    logits = network(torch.randn(2, 1, 28, 28))
    assert seen[0].shape[:2] == (2, network.features)
    torch.testing.assert_close(network.head(seen[0]).flatten(), logits)
    assert (network.head.bias is not None) == bias
    assert network.packing == 1


def test_images_that_are_too_small_are_refused_with_the_smallest_size():
    with pytest.raises(ValueError, match="image_size=7 is too small for 2 halvings: use at least 8$"):
        Generator(7, 1)
    with pytest.raises(ValueError, match="image_size=8 is too small for 3 halvings: use at least 9, or fewer halvings"):
        Generator(8, 1, halvings=3)
    assert Generator(9, 1, width=2, halvings=3, blocks=1)(torch.randn(1, 1, 9, 9)).shape == (1, 1, 9, 9)
    with pytest.raises(ValueError, match="image_size=23 is too small for 4 widths: use at least 24, or fewer"):
        Discriminator(23, 1)
    for widths, smallest in (([2] * 4, 24), ([2, 2], 6), ([2], 4)):
        network = Discriminator(smallest, 1, widths)
        assert network(torch.randn(2, 1, smallest, smallest)).shape == (2 * network.patches,)
        with pytest.raises(ValueError, match=f"use at least {smallest}"):
            Discriminator(smallest - 1, 1, widths)


def test_one_setting_changes_both_directions():
    chosen = [
        "architecture.generator.width=4",
        "architecture.generator.blocks=1",
        "architecture.discriminator.widths=[4]",
    ]
    networks = build_parts(
        compose(
            ["data=mnist_pair", "game=cyclegan", "architecture=resnet", "loss=least_squares", "penalty=none", *chosen]
        )
    ).networks
    assert set(networks) == {"generator", "inverse", "discriminator", "source_discriminator"}
    for first, second in (("generator", "inverse"), ("discriminator", "source_discriminator")):
        shapes = [[p.shape for p in networks[name].parameters()] for name in (first, second)]
        assert shapes[0] == shapes[1]


@pytest.mark.parametrize("size", [[12, 20], (21, 9)])
def test_rectangles_are_translated_and_judged_patch_by_patch(size):
    images = Generator(size, 4, width=2, blocks=1)(torch.rand(2, 4, *size))
    assert images.shape == (2, 4, *size)
    network = Discriminator(size, 4, [2, 2])
    assert network(images).shape == (2 * network.patches,)
    assert network.patches == (size[0] // 2 - 2) * (size[1] // 2 - 2)
    with pytest.raises(ValueError, match=r"image_size=\[64, 7\] is too small for 2 halvings: use at least 8"):
        Generator([64, 7], 1)
    with pytest.raises(ValueError, match=r"image_size=\[5, 64\] is too small for 2 widths: use at least 6"):
        Discriminator([5, 64], 1, [2, 2])
