import pytest
import torch
from torch import nn

from encoders import SmallEncoder
from helpers import SmallDiscriminator, SmallGenerator
from saddle.game.networks import discriminator_of, encoder_of, generator_of, input_to, with_labels

NETWORKS = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "encoder": SmallEncoder()}


@pytest.mark.parametrize(
    ("accessor", "kind"), [(generator_of, "Generator"), (discriminator_of, "Discriminator"), (encoder_of, "Encoder")]
)
def test_a_network_of_another_kind_is_refused_by_its_name(accessor, kind):
    assert accessor(NETWORKS) is NETWORKS[kind.lower()]
    assert accessor({"other": NETWORKS[kind.lower()]}, "other") is NETWORKS[kind.lower()]
    for network in (nn.Linear(3, 4), *(other for name, other in NETWORKS.items() if name != kind.lower())):
        message = rf"the network mine is a {type(network).__name__}, not a saddle\.architecture\.base\.{kind}"
        with pytest.raises(TypeError, match=message):
            accessor({"mine": network}, "mine")


class Labeled(SmallGenerator):
    classes = 10

    def forward(self, latent, labels):
        return labels


def test_labels_go_to_conditional_networks_alone_as_often_as_the_batch():
    batch = {"label": torch.tensor([3, 1])}
    assert with_labels(NETWORKS["generator"], {}) is NETWORKS["generator"]
    assert with_labels(Labeled(), batch)(None).tolist() == [3, 1]
    assert with_labels(Labeled(), batch, copies=2)(None).tolist() == [3, 1, 3, 1]


def test_what_a_layer_reads_is_seen_and_the_hook_is_gone_even_after_an_error():
    network, images = SmallDiscriminator(), torch.randn(2, 1, 2, 2)
    assert torch.equal(input_to(network.linear, lambda: network(images)), images.flatten(1))
    with pytest.raises(RuntimeError):
        input_to(network.linear, lambda: network(images[:, :, :1]))
    assert not network.linear._forward_pre_hooks
