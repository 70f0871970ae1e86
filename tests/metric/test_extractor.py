import hashlib
import json
from pathlib import Path

import pytest
import torch

import saddle.metric.extractor as extractors
from saddle.data.mnist import Mnist
from saddle.error import InputError
from saddle.metric.classifier import Classifier, scaled
from saddle.metric.extractor import Card, ClassifierExtractor, extractor_for, load_extractor, save_extractor

SHIPPED = Path(extractors.__file__).with_name("mnist.safetensors")
CARD = Card("made", 1, 16, 3, epochs=1, seed=0, trained=2, tested=1, accuracy=0.5, command="none")


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(3)
    model = Classifier(1, 16, 3).eval()
    return model, save_extractor(tmp_path / "made.safetensors", model, CARD), tmp_path / "made.safetensors"


def test_what_is_saved_reads_the_same_and_carries_its_digest(saved):
    model, card, path = saved
    loaded = load_extractor(path)
    assert loaded.card == card
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.stamp == f"made-{card.sha256[:8]}"
    images = torch.randint(0, 256, (7, 1, 16, 16), dtype=torch.uint8)
    features, probabilities = loaded(images)
    with torch.no_grad():
        expected = model(scaled(images))
    torch.testing.assert_close(features, expected[0], rtol=1e-5, atol=1e-5)  # sums in another order
    torch.testing.assert_close(probabilities, expected[1].softmax(1))


def test_several_channels_are_read_one_by_one_and_classes_are_numbers_of_several_digits(saved):
    loaded = load_extractor(saved[2])
    images = torch.randint(0, 256, (5, 2, 16, 16), dtype=torch.uint8)
    features, probabilities = loaded(images)
    parts = [loaded(images[:, i : i + 1]) for i in (0, 1)]
    assert torch.equal(features, torch.cat([part[0] for part in parts], 1))
    assert probabilities.shape == (5, 9)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    first, second = (part[1].argmax(1) for part in parts)
    assert torch.equal(probabilities.argmax(1), 3 * first + second)


def test_other_sizes_are_brought_to_the_classifiers_and_other_channels_refused(saved):
    loaded = load_extractor(saved[2])
    flat = torch.full((2, 1, 32, 32), 77, dtype=torch.uint8)
    assert torch.equal(loaded(flat)[0], loaded(flat[:, :, :16, :16])[0])
    loaded.check(3)
    with pytest.raises(InputError, match=r"reads 2 channels, and data\.channels=3"):
        ClassifierExtractor(Classifier(2, 16, 3), Card(**{**vars(CARD), "channels": 2})).check(3)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), r"made\.safetensors: No such file.*expected the weights"),
        (lambda path: path.with_suffix(".json").unlink(), r"made\.json: No such file.*expected the card"),
        (lambda path: path.with_suffix(".json").write_text("{}"), "not the card of a classifier"),
        (lambda path: path.with_suffix(".json").write_text("no"), "not the card of a classifier"),
        (lambda path: flip_a_bit(path), r"the file is not the one that its card describes \(sha256 differs\)"),
        (lambda path: recard(path, classes=4), "not the weights that its card describes"),
        (lambda path: recard(path, content=b"text"), "not the weights that its card describes"),
    ],
)
def test_spoilt_files_are_refused_in_a_sentence(saved, spoil, message):
    spoil(saved[2])
    with pytest.raises(InputError, match=message):
        load_extractor(saved[2])


def flip_a_bit(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def recard(path, content=None, **changes):
    if content is not None:
        path.write_bytes(content)
    card = json.loads(path.with_suffix(".json").read_text())
    card |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **changes}
    path.with_suffix(".json").write_text(json.dumps(card))


def test_a_setting_names_the_extractor(saved):
    assert extractor_for("none", "mnist") is None
    assert extractor_for("auto", None) is None
    assert extractor_for("auto", "mnist").card.data == "mnist"
    assert extractor_for(str(saved[2]), "mnist").card.data == "made"
    with pytest.raises(InputError, match="nowhere"):
        extractor_for("nowhere.safetensors", "mnist")


def test_the_shipped_one_is_small_and_its_card_complete():
    card = load_extractor(SHIPPED).card
    assert SHIPPED.stat().st_size < 1_500_000
    assert (card.channels, card.image_size, card.classes, card.trained, card.tested) == (1, 28, 10, 60_000, 10_000)
    assert card.accuracy >= 0.995
    assert card.command.startswith("saddle extractor data=mnist")


def test_the_shipped_one_reads_mnists_test_images_as_well_as_its_card_says(mnist_root):
    images, labels = Mnist(mnist_root, 28, 1, 10, 64, seed=0).load_test()
    loaded = load_extractor(SHIPPED)
    right = loaded(images)[1].argmax(1) == labels
    assert right.double().mean().item() == pytest.approx(loaded.card.accuracy, abs=2e-4)
