import pytest
import torch
from torch import nn

from saddle.architecture.code import Discriminator
from saddle.config.compose import compose
from saddle.factory.parts import build_parts


@pytest.mark.parametrize("bias", [True, False])
def test_the_head_reads_the_features_and_has_a_bias_only_if_asked(bias):
    network = Discriminator(latent_dim=3, hidden=[8, 5], head_bias=bias)
    seen = []
    network.head.register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    logits = network(torch.randn(4, 3))
    assert logits.shape == (4,)
    assert network.features == 5
    assert seen[0].shape == (4, 5)
    torch.testing.assert_close(nn.functional.linear(seen[0], network.head.weight, network.head.bias)[:, 0], logits)
    assert (network.head.bias is not None) == bias
    assert network.classes == 0


@pytest.mark.parametrize("normalization", ["none", "batch", "spectral"])
def test_every_normalization_trains(normalization):
    network = Discriminator(latent_dim=3, hidden=[8, 8], normalization=normalization)
    network(torch.randn(6, 3)).square().sum().backward()
    assert all(p.grad.abs().sum() > 0 for p in network.parameters())
    assert any(isinstance(layer, nn.BatchNorm1d) for layer in network.modules()) == (normalization == "batch")
    assert hasattr(network.head, "parametrizations") == (normalization == "spectral")


@pytest.mark.parametrize("more", [["architecture=mlp"], ["architecture=dcgan"]])
def test_its_config_reads_the_latent_of_the_generator(more):
    chosen = [*more, "data=digits", "game=adversarial_autoencoder", "architecture.generator.latent_dim=7"]
    network = build_parts(compose(chosen)).networks["code_discriminator"]
    assert network(torch.randn(4, 7)).shape == (4,)
    assert isinstance(network, Discriminator)
