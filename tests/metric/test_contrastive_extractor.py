import pytest
import torch

from saddle.data.digits import Digits
from saddle.data.loader import as_floats
from saddle.error import InputError
from saddle.metric.contrastive import ContrastiveNetwork, RandomChange, train_contrastive
from saddle.metric.contrastive_extractor import ContrastiveCard, ContrastiveExtractor

SETTINGS = {"steps": 60, "seed": 0, "flip": False, "trained": 1500, "tested": 200, "recognized": 0.0, "command": "none"}


@pytest.fixture(scope="module")
def digits():
    return Digits(16, 1, 10, 64, seed=0)


@pytest.fixture(scope="module")
def extractor(digits):
    network = train_contrastive(digits.training()[0][:1500], 60, 0, False)
    return ContrastiveExtractor(network, ContrastiveCard("digits", 1, 16, **SETTINGS))


def test_it_reads_features_and_no_classes(extractor, digits):
    images, _ = digits.training()
    features, probabilities = extractor(images[:7])
    assert (features.shape, probabilities.shape) == ((7, 128), (7, 0))
    assert not extractor.reads_classes_of(digits)
    stacks = images[:6].view(3, 2, 16, 16)
    features, probabilities = extractor(stacks)
    assert (features.shape, probabilities.shape) == ((3, 256), (3, 0))


def test_on_changed_training_images_each_feature_has_mean_0_and_variance_1(extractor, digits):
    change = RandomChange(1, False, torch.Generator().manual_seed(1))
    with torch.no_grad():
        features, _ = extractor.model(change(as_floats(digits.training()[0][:1500])))
    assert float(features.mean(0).abs().mean()) < 0.1
    assert float((features.std(0) - 1).abs().max()) < 0.2


def test_it_recognizes_images_that_it_has_not_seen(extractor, digits):
    unseen = digits.training()[0][1500:1700]
    found = extractor.recognized(unseen)
    assert found == extractor.recognized(unseen)
    assert 0.1 < found <= 1  # 0.005 by chance
    assert extractor.recognized(unseen[:1]) == 1.0


def test_images_of_other_sizes_and_channels_are_refused(extractor):
    extractor.check(1, 16)
    extractor.check(2, [16, 16])
    with pytest.raises(InputError, match=r"16x16 pixels.*has 16x20.*data\.image_size=\[16,16\]"):
        extractor.check(1, [16, 20])
    color = ContrastiveExtractor(ContrastiveNetwork(3, 16), ContrastiveCard("made", 3, 16, **SETTINGS))
    with pytest.raises(InputError, match=r"3 channels.*data\.channels=3"):
        color.check(1, 16)
