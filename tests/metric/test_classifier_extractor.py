import pytest
import torch

from saddle.error import InputError
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card, ClassifierExtractor

CARD = Card("made", 1, 16, 3, epochs=1, seed=0, trained=2, tested=1, accuracy=0.5, command="none")


@pytest.fixture
def extractor():
    torch.manual_seed(3)
    return ClassifierExtractor(Classifier(1, 16, 3).eval(), CARD)


def test_several_channels_are_read_one_by_one_and_classes_are_numbers_of_several_digits(extractor):
    images = torch.randint(0, 256, (5, 2, 16, 16), dtype=torch.uint8)
    features, probabilities = extractor(images)
    parts = [extractor(images[:, i : i + 1]) for i in (0, 1)]
    assert torch.equal(features, torch.cat([part[0] for part in parts], 1))
    assert probabilities.shape == (5, 9)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    first, second = (part[1].argmax(1) for part in parts)
    assert torch.equal(probabilities.argmax(1), 3 * first + second)


def test_other_sizes_are_brought_to_the_classifiers_and_other_channels_refused(extractor):
    flat = torch.full((2, 1, 32, 32), 77, dtype=torch.uint8)
    assert torch.equal(extractor(flat)[0], extractor(flat[:, :, :16, :16])[0])
    extractor.check(3)
    with pytest.raises(InputError, match=r"reads 2 channels, and data\.channels=3"):
        ClassifierExtractor(Classifier(2, 16, 3), Card(**{**vars(CARD), "channels": 2})).check(3)
