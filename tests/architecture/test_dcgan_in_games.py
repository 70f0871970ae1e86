"""DCGAN's pair in other games: packs, encoders, joint discriminators and codes in the latent."""

import pytest
import torch
from torch import nn

from helpers import check_spectral
from network_checks import check_code, check_encoder, check_joint, check_packing, check_trained
from saddle.architecture.dcgan import Discriminator, Encoder, Generator, JointDiscriminator
from saddle.layer.attention import SelfAttention

OPTIONS = {"attention": 4, "minibatch_stddev": 2, "hidden": 6, "kernel_size": 5}


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["plain", "every option"])
def test_a_pack_is_one_image_of_more_channels(options, normalization):
    given = {"widths": (8, 16), "normalization": normalization, **options}

    def made(channels: int, packing: int) -> Discriminator:
        network = Discriminator(8, channels, packing=packing, **given)
        for layer in (module for module in network.modules() if isinstance(module, SelfAttention)):
            nn.init.ones_(layer.gamma)
        return network

    check_packing(made, (2, 8, 8))


def test_packs_have_no_labels():
    with pytest.raises(ValueError, match="packing=2 joins images whose labels may differ"):
        Discriminator(8, 1, conditional=True, classes=3, packing=2)


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize(("size", "kernel_size", "hidden"), [(28, 5, 0), (32, 4, 6), (9, 4, 6), (9, 5, 0)])
def test_an_encoder_is_the_discriminator_with_another_end(size, kernel_size, hidden, normalization):
    given = {"widths": (4, 8), "kernel_size": kernel_size, "hidden": hidden, "normalization": normalization}
    images = torch.randn(6, 2, size, size)
    check_encoder(lambda gaussian: Encoder(size, 2, latent_dim=5, gaussian=gaussian, **given), images)
    encoder, discriminator = Encoder(size, 2, 5, **given), Discriminator(size, 2, **given)
    assert list(map(str, encoder.layers[:-1])) == list(map(str, discriminator.layers[:-1]))


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
@pytest.mark.parametrize(("size", "kernel_size"), [(28, 5), (32, 4), (9, 4)])
def test_a_joint_discriminator_reads_convolutional_features_and_code_together(size, kernel_size, normalization):
    given = {"widths": (4, 8), "kernel_size": kernel_size, "hidden": 6, "normalization": normalization}
    images, made = torch.randn(6, 2, size, size), JointDiscriminator(size, 2, latent_dim=5, **given)
    assert made.layers[0].in_features == made.convolutions(images)[0].numel() + 5
    check_joint(lambda bias: JointDiscriminator(size, 2, latent_dim=5, head_bias=bias, **given), images)


def test_networks_of_codes_are_spectrally_normalized():
    given = {"widths": (8, 16), "latent_dim": 5, "normalization": "spectral", "hidden": 6}
    images = torch.randn(4, 1, 16, 16)
    check_spectral(Encoder(16, 1, **given), (images,), weights=4)
    check_spectral(JointDiscriminator(16, 1, **given), (images, torch.randn(4, 5)), weights=4)


def test_the_last_numbers_of_the_latent_are_a_code():
    check_code(lambda *code: Generator(9, 1, code[0], widths=(4,), categories=code[1], continuous=code[2]))
    both = Generator(9, 1, 9, widths=(4,), conditional=True, classes=3, categories=4, continuous=2)
    check_trained(both, both(torch.randn(30, 9), torch.arange(30) % 3))
