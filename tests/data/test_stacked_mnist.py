import json
import math
import struct
from pathlib import Path

import pytest
import torch
from torch import Tensor

from helpers import train
from saddle.config.compose import compose
from saddle.data.mnist import Mnist
from saddle.data.resize import resized
from saddle.data.stacked_mnist import StackedMnist
from saddle.error import InputError
from saddle.factory.run import build


@pytest.fixture
def root(tmp_path) -> str:
    """The folder above a small MNIST: 300 images for training and 100 for testing, no two of them equal."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for names, count, seed in ((Mnist.files[:2], 300, 1), (Mnist.files[2:], 100, 2)):
        generator = torch.Generator().manual_seed(seed)
        pixels = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        labels = torch.randint(0, 10, (count,), generator=generator, dtype=torch.uint8)
        (raw / names[0]).write_bytes(struct.pack(">4I", 2051, count, 28, 28) + pixels.numpy().tobytes())
        (raw / names[1]).write_bytes(struct.pack(">2I", 2049, count) + labels.numpy().tobytes())
    return str(tmp_path)


def stacks(root: str, channels: int = 3, size: int = 500, seed: int = 0, **changes) -> StackedMnist:
    settings = {"image_size": 28, "classes": 10**channels, "batch_size": 4, **changes}
    return StackedMnist(root, channels=channels, size=size, seed=seed, **settings)


def by_pixels(images: Tensor, labels: Tensor) -> dict[bytes, int]:
    """The label of each image, found by its pixels."""
    return {image.numpy().tobytes(): int(label) for image, label in zip(images, labels, strict=True)}


def check_digits(images: Tensor, labels: Tensor, known: dict[bytes, int]) -> None:
    """Every channel is a known image, and the label's decimal digits are theirs, first channel first."""
    for image, label in zip(images, labels, strict=True):
        assert "".join(str(known[channel.numpy().tobytes()]) for channel in image) == f"{label:0{len(image)}d}"


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_channels_are_digits_and_the_label_spells_them(root, channels):
    mnist, data = Mnist(root, 28, 1, 10, 4, seed=0), stacks(root, channels)
    images, labels = data.training()
    assert images.shape == (500, channels, 28, 28)
    assert images.dtype == torch.uint8
    check_digits(images, labels, by_pixels(*mnist.load()))
    assert len({image.numpy().tobytes() for image in images[:, 0]}) > 200  # of 300, each drawn 1.7 times on average
    if channels > 1:
        assert 0 <= int((images[:, 0] == images[:, 1]).flatten(1).all(1).sum()) < 10  # 1.7 expected by chance
        assert labels.unique().max() >= 9 * 10 ** (channels - 1)


def test_the_test_stacks_are_of_the_test_images_alone(root):
    mnist, data = Mnist(root, 28, 1, 10, 4, seed=0), stacks(root)
    images, labels = data.load_test()
    assert len(images) == 26_000
    check_digits(images[:500], labels[:500], by_pixels(*mnist.load_test()))
    training = by_pixels(*mnist.load())
    assert not any(channel.numpy().tobytes() in training for channel in images[:500].flatten(0, 1))


def test_the_stacks_are_those_of_stack_seed_whatever_the_seed_of_the_run(root):
    first, labels = stacks(root).load()
    again, same = stacks(root, seed=99, batch_size=7, flip=True).load()
    assert torch.equal(first, again)
    assert torch.equal(labels, same)
    other = stacks(root, stack_seed=1)
    assert (other.load()[1] == labels).float().mean() < 0.05
    assert not torch.equal(other.load_test()[1], stacks(root).load_test()[1])


def test_digits_are_brought_to_size_as_stacks_would_be(root):
    images, _ = stacks(root, image_size=20).training()
    assert torch.equal(images, resized(stacks(root).load()[0], 20))


def test_a_limit_keeps_that_many_stacks_with_their_labels(root):
    data = stacks(root, limit=20)
    data.check_size(data.size)
    images, labels = data.training()
    assert len(images) == 20
    check_digits(images, labels, by_pixels(*Mnist(root, 28, 1, 10, 4, seed=0).load()))
    assert torch.equal(data.label_shares(), stacks(root).label_shares())  # of the modes, not of what is kept


@pytest.mark.parametrize(("channels", "classes", "right"), [(3, 10, 1000), (2, 1000, 100), (1, 1000, 10)])
def test_another_number_of_classes_is_refused_with_the_right_one(channels, classes, right):
    message = f"^data.classes={classes}, but data.channels={channels} makes {right} modes: use data.classes={right}$"
    with pytest.raises(InputError, match=message):
        stacks("", channels, classes=classes)


def test_four_channels_are_refused():
    with pytest.raises(InputError, match=r"data.channels=4: should be 1, 2 or 3"):
        compose(["data=stacked_mnist", "data.channels=4", "data.classes=10000"])


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
def test_conditional_networks_are_built_for_all_modes(channels, architecture):
    settings = ["data=stacked_mnist", f"data.channels={channels}", f"data.classes={10**channels}", "trainer=cpu"]
    networks = build(compose([*settings, f"architecture={architecture}", "architecture.conditional=true"])).module
    labels = torch.tensor([0, 10**channels - 1])
    images = networks.generator(torch.randn(2, networks.generator.latent_dim), labels)
    assert images.shape == (2, channels, 28, 28)
    assert networks.discriminator(images, labels).shape == (2,)


def test_real_digits_make_modes_as_likely_as_their_product(mnist_root):
    data = stacks(mnist_root, size=128_000)
    images, labels = data.training()
    mnist, shares = Mnist(mnist_root, 28, 1, 10, 4, seed=0).load(), torch.bincount(labels, minlength=1000) / 128_000
    check_digits(images[:1000], labels[:1000], by_pixels(*mnist))
    digit = torch.bincount(mnist[1]).double() / 60_000
    expected = data.label_shares()
    assert torch.allclose(expected, torch.einsum("i,j,k->ijk", digit, digit, digit).flatten(), rtol=1e-12)
    assert float((expected * (1000 * expected).log()).sum()) == pytest.approx(0.0043, abs=5e-5)  # from equal shares
    chi_square = float((128_000 * (shares - expected).square() / expected).sum())
    assert abs(chi_square - 999) < 3.3 * math.sqrt(2 * 999)  # mean and deviation of so many degrees of freedom


@pytest.mark.slow
def test_it_trains(mnist_root, tmp_path: Path):
    run = tmp_path / "run"
    settings = ["data.channels=2", "data.classes=100", "data.size=2000", "data.image_size=16", "trainer.max_steps=3"]
    result = train("data=stacked_mnist", *settings, "trainer=cpu", f"hydra.run.dir={run}")
    assert result.returncode == 0, result.stderr
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert summary["iterations"] == 3
    assert summary["data"]["images"] == 2000
