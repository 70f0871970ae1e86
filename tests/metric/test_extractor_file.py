import hashlib
import json
from pathlib import Path

import pytest
import torch

import saddle.metric
from saddle.data.loader import as_floats
from saddle.data.mnist import Mnist
from saddle.error import InputError
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card
from saddle.metric.contrastive import ContrastiveNetwork
from saddle.metric.contrastive_extractor import ContrastiveCard
from saddle.metric.extractor_file import load_extractor, save_extractor

SHIPPED = Path(saddle.metric.__file__).with_name("mnist.safetensors")
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
        expected = model(as_floats(images))
    torch.testing.assert_close(features, expected[0], rtol=1e-5, atol=1e-5)  # sums in another order
    torch.testing.assert_close(probabilities, expected[1].softmax(1))


def test_a_network_without_labels_is_saved_and_read_like_a_classifier(tmp_path):
    torch.manual_seed(3)
    model = ContrastiveNetwork(2, (16, 20)).eval()
    settings = {"steps": 1, "seed": 0, "flip": True, "trained": 2, "tested": 1, "recognized": 0.5, "command": "none"}
    card = save_extractor(tmp_path / "made.safetensors", model, ContrastiveCard("made", 2, (16, 20), **settings))
    loaded = load_extractor(tmp_path / "made.safetensors")
    assert loaded.card == card
    assert loaded.stamp == f"made-{card.sha256[:8]}"
    images = torch.randint(0, 256, (7, 2, 16, 20), dtype=torch.uint8)
    with torch.no_grad():
        torch.testing.assert_close(loaded(images)[0], model(as_floats(images))[0], rtol=1e-5, atol=1e-5)
    recard(tmp_path / "made.safetensors", channels=3)
    with pytest.raises(InputError, match="not the weights that its card describes"):
        load_extractor(tmp_path / "made.safetensors")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), r"made\.safetensors: No such file.*expected the weights"),
        (lambda path: path.with_suffix(".json").unlink(), r"made\.json: No such file.*expected the card"),
        (lambda path: path.with_suffix(".json").write_text("{}"), "not the card of an extractor"),
        (lambda path: path.with_suffix(".json").write_text("no"), "not the card of an extractor"),
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
