import pytest
import torch

from folders import data_of, gray_images
from saddle.data.digits import Digits
from saddle.data.fashion_mnist import FashionMnist
from saddle.data.mnist import Mnist
from saddle.data.stacked_mnist import StackedMnist
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card, ClassifierExtractor
from saddle.metric.extractor import extractor_for

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


def test_its_classes_are_those_of_a_folder_with_the_same_names_in_the_same_order(tmp_path):
    data = data_of(gray_images(tmp_path), classes=2)
    card = {**vars(CARD), "data": "imagefolder", "classes": 2}
    reads = {}
    for names in (None, ["cats", "dogs"], ["dogs", "cats"], ["horses", "zebras"]):
        extractor = ClassifierExtractor(Classifier(1, 16, 2), Card(**{**card, "class_names": names}))
        reads[str(names)] = extractor.reads_classes_of(data)
    assert list(reads.values()) == [True, True, False, False]
    assert not ClassifierExtractor(Classifier(1, 16, 3), CARD).reads_classes_of(data)


def test_the_classifier_of_digits_reads_all_data_that_is_made_of_them():
    extractor = extractor_for("auto", "mnist")
    digits = Mnist("", 28, 1, 10, 2, seed=0), StackedMnist("", 28, 3, 1000, 2, seed=0), Digits(28, 1, 10, 2, seed=0)
    assert all(map(extractor.reads_classes_of, digits))
    own = ClassifierExtractor(
        Classifier(1, 28, 10), Card(**{**vars(extractor.card), "class_names": list("0123456789")})
    )
    assert all(map(own.reads_classes_of, digits))
    assert not own.reads_classes_of(FashionMnist("", 28, 1, 10, 2, seed=0))
