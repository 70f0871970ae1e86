import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from saddle.architecture import base, code, dcgan, head, mlp, points, resnet

IMAGES = {"image_size": 12, "channels": 1}
LABELS = {"conditional": True, "classes": 3}
SMALL = {"widths": [4, 4]}
NORMALIZED = [
    (mlp.Generator, IMAGES | {"hidden": [4]}),
    (mlp.Generator, IMAGES | {"hidden": [4]} | LABELS),
    (mlp.Discriminator, IMAGES | {"hidden": [4]}),
    (mlp.Discriminator, IMAGES | {"hidden": [4]} | LABELS),
    (mlp.Discriminator, IMAGES | {"hidden": [4], "condition": "concatenation"} | LABELS),
    (mlp.Discriminator, IMAGES | {"hidden": [4], "minibatch_stddev": 2, "packing": 2}),
    (mlp.Encoder, IMAGES | {"hidden": [4]}),
    (mlp.Encoder, IMAGES | {"hidden": [4], "gaussian": True}),
    (mlp.JointDiscriminator, IMAGES | {"hidden": [4]}),
    (dcgan.Generator, IMAGES | SMALL),
    (dcgan.Generator, IMAGES | SMALL | LABELS),
    (dcgan.Generator, IMAGES | SMALL | {"attention": 6}),
    (dcgan.Discriminator, IMAGES | SMALL),
    (dcgan.Discriminator, IMAGES | SMALL | LABELS),
    (dcgan.Discriminator, IMAGES | SMALL | LABELS | {"condition": "concatenation"}),
    (dcgan.Discriminator, IMAGES | SMALL | {"attention": 6, "hidden": 4, "minibatch_stddev": 2, "packing": 2}),
    (dcgan.Encoder, IMAGES | SMALL | {"hidden": 4, "gaussian": True}),
    (dcgan.JointDiscriminator, IMAGES | SMALL | {"hidden": 4}),
    (points.Generator, {"hidden": [4]}),
    (points.Discriminator, {"hidden": [4]}),
    (code.Discriminator, {"latent_dim": 3, "hidden": [4]}),
]
WITHOUT_A_CHOICE = [
    (resnet.Generator, IMAGES | {"width": 2, "blocks": 1}),
    (resnet.Discriminator, IMAGES | SMALL),
    (head.Head, {"features": 4, "outputs": 2}),
]


def name_of(value: object) -> str | None:
    return f"{value.__module__.rpartition('.')[2]}.{value.__name__}" if isinstance(value, type) else None


@pytest.mark.parametrize(("network", "settings"), NORMALIZED, ids=name_of)
def test_batch_norm_mixes_rows_and_spectral_norm_bounds_the_gradient(network, settings):
    for normalization in ("none", "batch", "spectral"):
        built = network(**settings, normalization=normalization)
        assert built.mixes_rows == (normalization == "batch")
        assert built.is_lipschitz == (normalization == "spectral")
        assert built.has_attention == bool(settings.get("attention"))


@pytest.mark.parametrize(("network", "settings"), WITHOUT_A_CHOICE, ids=name_of)
def test_networks_without_a_choice_of_normalization_have_none_that_counts(network, settings):
    built = network(**settings)
    assert (built.mixes_rows, built.is_lipschitz, built.has_attention) == (False, False, False)


@pytest.mark.parametrize(("network", "settings"), NORMALIZED + WITHOUT_A_CHOICE, ids=name_of)
def test_every_network_offers_what_its_kind_must(network, settings):
    built = network(**settings)
    assert built.classes == (3 if "conditional" in settings else 0)
    if isinstance(built, base.Generator):
        assert built.reads == ("source" if network is resnet.Generator else "latent")
        assert (built.latent_dim == 0) == (built.reads == "source")
        assert (built.categories, built.continuous) == (0, 0)
    elif isinstance(built, base.Discriminator):
        assert built.packing == settings.get("packing", 1)
        assert (built.patches > 1) == (network is resnet.Discriminator)
        weight = built.head.linear.weight if hasattr(built.head, "linear") else built.head.weight
        assert weight.shape[:2] == (1, built.features)
    elif isinstance(built, base.Encoder):
        assert built.latent_dim == 100
        assert built.gaussian == ("gaussian" in settings)
    else:
        assert isinstance(built, base.Network)


class Foreign(base.Discriminator):
    def __init__(self, first: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(first, spectral_norm(nn.Linear(4, 1)))
        self.features = 4

    @property
    def head(self) -> nn.Module:
        return self.layers[-1]

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layers(inputs).squeeze(1)


@pytest.mark.parametrize(
    ("first", "lipschitz"),
    [
        (spectral_norm(nn.Linear(4, 4)), True),
        (nn.Linear(4, 4), False),
        (weight_norm(nn.Linear(4, 4)), False),  # its gain is a free parameter
        (spectral_norm(nn.Conv1d(4, 4, 1)), True),
        (spectral_norm(nn.ConvTranspose2d(4, 4, 1)), True),
        (nn.Sequential(nn.ReLU(), nn.Embedding(4, 4)), True),  # the input's gradient does not pass an embedding
    ],
)
def test_a_network_of_ones_own_is_lipschitz_if_all_its_weights_are_spectrally_normalized(first, lipschitz):
    assert Foreign(first).is_lipschitz == lipschitz


def test_a_network_without_weights_bounds_nothing():
    class Empty(base.Network):
        pass

    assert not Empty().is_lipschitz


@pytest.mark.parametrize("norm", [nn.BatchNorm1d(4), nn.BatchNorm2d(4), nn.SyncBatchNorm(4)])
def test_every_batch_norm_mixes_rows_and_no_other_norm_does(norm):
    assert Foreign(norm).mixes_rows
    for other in (nn.LayerNorm(4), nn.GroupNorm(2, 4), nn.InstanceNorm2d(4)):
        assert not Foreign(other).mixes_rows


def test_what_mixes_rows_changes_other_rows():
    inputs = torch.randn(6, 4)
    changed = torch.cat([inputs[:5], inputs[5:] + 1])
    for layer in (nn.BatchNorm1d(4), nn.LayerNorm(4)):
        network = Foreign(layer)
        same = torch.allclose(network(inputs)[:5], network(changed)[:5], atol=1e-4)
        assert same != network.mixes_rows


@pytest.mark.parametrize("missing", [base.Discriminator, base.Encoder])
def test_a_network_without_its_abstract_parts_cannot_be_built(missing):
    with pytest.raises(TypeError, match="abstract"):
        missing()


FREEZABLE = [
    (mlp.Discriminator, IMAGES | {"hidden": [4, 5], "normalization": "batch", "minibatch_stddev": 2}, ["0 1", "3 4"]),
    (mlp.Discriminator, IMAGES | {"hidden": [4], "condition": "concatenation"} | LABELS, ["1"]),
    (mlp.Discriminator, IMAGES | {"hidden": []}, []),
    (mlp.JointDiscriminator, IMAGES | {"hidden": [4, 4]}, ["0", "2"]),
    (dcgan.Discriminator, IMAGES | SMALL | LABELS | {"hidden": 4, "normalization": "spectral"}, ["0", "2", "5"]),
    (dcgan.Discriminator, IMAGES | SMALL | {"normalization": "batch", "blocks": 1}, ["0", "1", "3 4", "5"]),
    (dcgan.Discriminator, IMAGES | SMALL | {"attention": 6, "last_convolutions": 1}, ["0", "2", "3", "5"]),
    (points.Discriminator, {"hidden": [4, 4]}, ["0", "2"]),
    (code.Discriminator, {"latent_dim": 3, "hidden": [4]}, ["0"]),
    (resnet.Discriminator, IMAGES | SMALL, ["0", "2"]),
]
"""The layers of a discriminator that can be frozen, by their places in `layers`."""


@pytest.mark.parametrize(("network", "settings", "places"), FREEZABLE, ids=name_of)
def test_layers_are_frozen_from_the_input_on(network, settings, places):
    built = network(**settings)
    found = [" ".join(str(list(built.layers).index(part)) for part in layer) for layer in built.freezable_layers]
    assert found == places


def test_the_convolutions_of_a_joint_discriminator_come_before_the_layers_that_read_the_code():
    built = dcgan.JointDiscriminator(**IMAGES, **SMALL, hidden=4)
    layers = [part for layer in built.freezable_layers for part in layer]
    assert layers == [built.convolutions[0], built.convolutions[2], built.layers[0]]
