import pytest
import torch
from torch import nn

from saddle.architecture import dcgan, mlp
from saddle.layer.normalization import weighted
from saddle.run.correspondence import correspondence


def discriminator(normalization: str = "none", **changes) -> nn.Module:
    return mlp.Discriminator(image_size=8, channels=1, hidden=[6, 5], normalization=normalization, **changes)


def test_the_same_network_has_the_same_names():
    names = correspondence(discriminator(), discriminator())
    assert names == {name: name for name in discriminator().state_dict()}
    batch = discriminator("batch")
    assert correspondence(batch, discriminator("batch")).keys() == batch.state_dict().keys()


@pytest.mark.parametrize(
    "made",
    [
        discriminator,
        lambda normalization: dcgan.Discriminator(
            image_size=8, channels=1, widths=[4, 6], normalization=normalization, blocks=1
        ),
    ],
    ids=["mlp", "dcgan"],
)
def test_batch_norm_goes_between_the_layers_that_were_there(made):
    """Without the statistics of a batch, what was put in changes nothing but the biases that it makes idle."""
    old, new = made("none"), made("batch")
    names = correspondence(old, new)
    norms = {place: layer for place, layer in new.named_modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)}
    assert norms
    state, own = old.state_dict(), new.state_dict()
    assert names.keys() == {name for name in own if name.rpartition(".")[0] not in norms}
    assert all(own[name].shape == state[there].shape for name, there in names.items())
    with torch.no_grad():
        for name, parameter in old.named_parameters():
            if name.endswith("bias") and name not in names.values():
                parameter.zero_()
    new.load_state_dict({**own, **{name: old.state_dict()[there] for name, there in names.items()}})
    for norm in norms.values():
        norm.eval()
        norm.eps = 0.0  # running statistics begin with mean 0 and variance 1
        nn.init.ones_(norm.weight)  # some networks draw it near 1
    images = torch.randn(4, 1, 8, 8)
    torch.testing.assert_close(new(images), old(images))
    back = correspondence(new, old)
    assert {there: name for name, there in names.items()} == back


def test_a_bias_of_the_last_layer_may_go():
    names = correspondence(discriminator(head_bias=True), discriminator(head_bias=False))
    assert names == {name: name for name in discriminator(head_bias=False).state_dict()}


@pytest.mark.parametrize(
    "other",
    [
        lambda: mlp.Discriminator(image_size=8, channels=1, hidden=[6, 4]),
        lambda: mlp.Discriminator(image_size=8, channels=1, hidden=[6, 5, 5], normalization="batch"),
        lambda: discriminator("spectral"),
        lambda: nn.Sequential(weighted(nn.Linear(3, 2), "spectral")),
    ],
)
def test_other_networks_have_no_correspondence(other):
    assert correspondence(discriminator(), other()) is None
