import pytest
import torch
from torch import nn

from saddle.error import InputError
from saddle.metric.network_extractor import NetworkCard, NetworkExtractor


class Means(nn.Module):
    """The mean of each half of an image, and as two logits the same."""

    def folded(self) -> nn.Module:
        return self

    def forward(self, images):
        means = images.flatten(1).unflatten(1, (2, -1)).mean(2)
        return means, means


class MeansExtractor(NetworkExtractor):
    """With a base's own judgment of classes."""


@pytest.fixture
def extractor():
    return MeansExtractor(Means(), NetworkCard("made", 1, 4, sha256="0123456789"))


def test_channels_are_read_one_by_one_by_a_network_of_one(extractor):
    images = torch.randint(0, 256, (5, 2, 4, 4), dtype=torch.uint8)
    features, probabilities = extractor(images)
    parts = [extractor(images[:, i : i + 1]) for i in (0, 1)]
    assert torch.equal(features, torch.cat([part[0] for part in parts], 1))
    assert torch.equal(probabilities, (parts[0][1].unsqueeze(2) * parts[1][1].unsqueeze(1)).flatten(1))


def test_other_sizes_are_brought_to_its_own(extractor):
    flat = torch.full((2, 1, 9, 6), 77, dtype=torch.uint8)
    assert torch.equal(extractor(flat)[0], extractor(flat[:, :, :4, :4])[0])


def test_many_images_are_read_in_parts(extractor):
    images = torch.randint(0, 256, (250, 1, 4, 4), dtype=torch.uint8)
    assert torch.equal(extractor(images)[0], torch.cat([extractor(part)[0] for part in images.split(70)]))


def test_other_channels_are_refused(extractor):
    assert extractor.stamp == "made-01234567"
    extractor.check(3, [5, 6])
    with pytest.raises(InputError, match=r"reads images with 2 channels, and the data has 3.*data\.channels=2"):
        MeansExtractor(Means(), NetworkCard("made", 2, 4)).check(3, 4)
