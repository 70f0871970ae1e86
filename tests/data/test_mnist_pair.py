import json
import struct

import pytest
import torch

from helpers import checkpoint, differences, train
from saddle.data.domain import changed
from saddle.data.mnist import Mnist
from saddle.data.mnist_pair import MnistPair
from saddle.error import InputError
from saddle.factory.data import fetched_data
from saddle.metric.extractor import extractor_for

SMALL = ["architecture=dcgan", "data.image_size=8", "data.batch_size=8", "data.limit=40", "trainer=cpu"]
SMALL += ["callback.quality.num=40"]


@pytest.fixture
def root(tmp_path) -> str:
    """The folder above a small MNIST: 301 images for training and 100 for testing, each filled with its own pattern."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for names, count, seed in ((Mnist.files[:2], 301, 1), (Mnist.files[2:], 100, 2)):
        generator = torch.Generator().manual_seed(seed)
        pixels = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        labels = torch.randint(0, 10, (count,), generator=generator, dtype=torch.uint8)
        (raw / names[0]).write_bytes(struct.pack(">4I", 2051, count, 28, 28) + pixels.numpy().tobytes())
        (raw / names[1]).write_bytes(struct.pack(">2I", 2049, count) + labels.numpy().tobytes())
    return str(tmp_path)


def pair(root: str, **changes) -> MnistPair:
    settings = {"image_size": 28, "channels": 1, "classes": 10, "batch_size": 4, "seed": 0}
    return MnistPair(root, **{**settings, "source": "plain", "target": "inverted", **changes})


def rows(images) -> dict[bytes, int]:
    """The row of each image, by its pixels."""
    return {image.numpy().tobytes(): row for row, image in enumerate(images)}


def test_sources_and_targets_are_changed_halves_of_the_training_digits(root):
    digits, labels = Mnist(root, 28, 1, 10, 4, seed=0).load()
    data = pair(root)
    (images, targets), sources = data.training(), data.training_sources()
    assert images.shape == sources.shape == (150, 1, 28, 28)
    assert images.dtype == sources.dtype == torch.uint8
    known = rows(digits)
    first = {known[image.numpy().tobytes()] for image in sources}
    second = [known[image.numpy().tobytes()] for image in 255 - images]
    assert len(first) == len(set(second)) == 150
    assert not first & set(second)
    assert torch.equal(targets, labels[second])
    assert second != sorted(second)  # shuffled, so that the halves are alike


def test_the_halves_are_the_same_whatever_the_seed_and_the_domains(root):
    data, other = pair(root), pair(root, seed=9, batch_size=7, source="inverted", target="plain")
    assert torch.equal(other.training()[0], 255 - data.training()[0])
    assert torch.equal(other.training_sources(), 255 - data.training_sources())
    assert torch.equal(other.training()[1], data.training()[1])


def test_test_digits_are_known_in_both_domains(root):
    digits, labels = Mnist(root, 28, 1, 10, 4, seed=0).load_test()
    data = pair(root, source="thin", target="slanted")
    sources, counterparts, classes = data.test_pairs()
    assert torch.equal(sources, changed(digits, "thin"))
    assert torch.equal(counterparts, changed(digits, "slanted"))
    assert torch.equal(classes, labels)
    images, classes = data.load_test()
    assert torch.equal(images, counterparts)
    assert torch.equal(classes, labels)
    assert [part.shape[2:] for part in pair(root, image_size=20).test_pairs()[:2]] == [(20, 20)] * 2
    assert torch.equal(pair(root).readable(pair(root).test_pairs()[1]), digits)


def test_a_limit_keeps_as_many_of_both(root):
    few, more = pair(root, limit=10), pair(root, limit=20)
    assert len(few.training()[0]) == len(few.training_sources()) == 10
    assert (
        rows(few.training_sources()).keys()
        < rows(more.training_sources()).keys()
        < rows(pair(root).training_sources()).keys()
    )


def test_equal_domains_are_refused():
    with pytest.raises(InputError, match="^data.source=thick equals data.target: there is nothing to translate"):
        fetched_data(["data=mnist_pair", "data.source=thick"])
    with pytest.raises(InputError, match="data.target=bold: should be 'plain', 'thin', 'thick', 'inverted' or"):
        fetched_data(["data=mnist_pair", "data.target=bold"])


@pytest.mark.parametrize(
    ("target", "accuracy"),
    [("plain", 0.9959), ("thin", 0.9934), ("thick", 0.9888), ("inverted", 0.9959), ("slanted", 0.9964)],
)
def test_true_counterparts_can_be_read(mnist_root, target, accuracy):
    data = pair(mnist_root, source="thick" if target == "plain" else "plain", target=target)
    _, counterparts, labels = data.test_pairs()
    read = extractor_for("auto", data.extractor)(data.readable(counterparts))[1].argmax(1)
    assert float((read == labels).double().mean()) == pytest.approx(accuracy, abs=2e-4)


def test_real_digits_make_two_halves_of_30000(mnist_root):
    data = pair(mnist_root)
    data.check_size(data.size)
    assert len(data.training()[0]) == len(data.training_sources()) == data.size
    shares = data.label_shares()
    assert 0.085 < float(shares.min()) < float(shares.max()) < 0.12


@pytest.mark.slow
def test_a_game_of_one_domain_trains_on_the_targets_and_resumes(mnist_root, tmp_path):
    chosen = ["data=mnist_pair", *SMALL, "training.accumulate=2"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert (result := train(*chosen, f"hydra.run.dir={whole}", "trainer.max_steps=5")).returncode == 0, result.stderr
    assert train(*chosen, f"hydra.run.dir={parts}", "trainer.max_steps=3").returncode == 0
    assert train(f"resume={parts}", "trainer.max_steps=5").returncode == 0
    assert differences(checkpoint(whole)["state_dict"], checkpoint(parts)["state_dict"]) == []
    assert json.loads((whole / "summary.json").read_text(encoding="utf-8"))["data"]["images"] == 40
