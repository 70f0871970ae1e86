"""C1: files of MNIST and its like are used under the names, in the folders and packings in which people have them."""

import gzip
import struct

import pytest
import torch

from saddle.data.emnist import Emnist
from saddle.data.fashion_mnist import FashionMnist
from saddle.data.kmnist import Kmnist
from saddle.data.mnist import Mnist
from saddle.data.mnist_pair import MnistPair
from saddle.data.stacked_mnist import StackedMnist
from saddle.error import InputError

PIXELS = bytes(range(250)) * 28 * 28
IMAGES = struct.pack(">4I", 2051, 4, 28, 28) + PIXELS[: 4 * 28 * 28]
LABELS = struct.pack(">2I", 2049, 4) + bytes([3, 1, 4, 1])
KINDS = {"MNIST": Mnist, "FashionMNIST": FashionMnist, "KMNIST": Kmnist}
NAMES = Mnist.files


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Each attempt to download fails the test."""

    def fetch(self, source, names):
        raise AssertionError("the internet was tried, although the files are there")

    monkeypatch.setattr("saddle.data.torchvision_idx.TorchvisionIdx.fetch", fetch)
    monkeypatch.setattr("saddle.data.emnist.Emnist.fetch", fetch)


@pytest.fixture
def offline(monkeypatch):
    def fetch(self, source, names):
        raise OSError("no network")

    monkeypatch.setattr("saddle.data.torchvision_idx.TorchvisionIdx.fetch", fetch)


def lay(folder, change, names=NAMES) -> None:
    """The four small files below `folder`, under names that `change` makes."""
    for name in names:
        content = IMAGES if "images" in name else LABELS
        path = folder / change(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def check(data) -> None:
    data.prepare_data()
    images, labels = data.load()
    assert images.flatten().tolist() == list(PIXELS[: 4 * 28 * 28])
    assert labels.tolist() == [3, 1, 4, 1]
    assert data.load_test()[1].tolist() == [3, 1, 4, 1]


CHANGES = {
    "as published": lambda name: name,
    "a dot": lambda name: name.replace("-idx", ".idx"),
    "packed": lambda name: f"{name}.gz",
    "a dot, packed": lambda name: name.replace("-idx", ".idx") + ".gz",
    "in folders of their names": lambda name: f"{name}/{name}",
    "downloaded twice": lambda name: f"{name} (1).gz",
    "capitals": lambda name: name.upper(),
    "lines below": lambda name: name.replace("-", "_"),
    "bin": lambda name: f"{name}.bin",
    "test for t10k": lambda name: name.replace("t10k", "test"),
}
PLACES = ["{0}/raw", "{0}", "raw", ".", "gzip", "{1}", "{1}/raw"]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_names_and_packings(tmp_path, change):
    lay(tmp_path / "MNIST" / "raw", change)
    check(Mnist(str(tmp_path), 28, 1, 10, 2, seed=0))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", ["a dot", "packed"])
def test_folders(tmp_path, place, kind, change):
    lay(tmp_path / place.format(kind, kind.lower().replace("fashion", "fashion-")), CHANGES[change])
    before = sorted(tmp_path.rglob("*"))
    check(KINDS[kind](str(tmp_path), 28, 1, 10, 2, seed=0))
    assert sorted(tmp_path.rglob("*")) == before  # nothing is unpacked beside them


OTHER_PLACES = ["mnist-dataset", "mnist_data/raw", "data/MNIST/raw", "MNIST (1)", "datasets/mnist/MNIST/raw"]


@pytest.mark.parametrize("place", OTHER_PLACES)
def test_folders_whose_names_say_the_same(tmp_path, place):
    lay(tmp_path / place, CHANGES["packed"])
    check(Mnist(str(tmp_path), 28, 1, 10, 2, seed=0))


def test_each_data_set_is_found_in_the_repository_that_has_both(tmp_path):
    lay(tmp_path / "fashion-mnist-master" / "data" / "fashion", CHANGES["packed"])
    check(FashionMnist(str(tmp_path), 28, 1, 10, 2, seed=0))


@pytest.mark.parametrize("place", ["QMNIST/raw", "mnist-m", "fashion", "mnist/inverted", "kmnist"])
def test_folders_of_other_data_sets_are_not_entered(tmp_path, offline, place):
    lay(tmp_path / place, CHANGES["as published"])
    with pytest.raises(InputError, match="MNIST is not there"):
        Mnist(str(tmp_path), 28, 1, 10, 2, seed=0).prepare_data()


@pytest.mark.parametrize("swap", ["packed under plain names", "plain under packed names"])
@pytest.mark.parametrize("place", ["MNIST/raw", "."])
def test_the_packing_is_told_by_the_content(tmp_path, place, swap):
    lay(tmp_path / place, CHANGES["as published"])
    for name in NAMES:
        path = tmp_path / place / name
        if swap.startswith("packed"):
            path.write_bytes(gzip.compress(path.read_bytes()))
        else:
            path.rename(path.with_name(f"{name}.gz"))
    check(Mnist(str(tmp_path), 28, 1, 10, 2, seed=0))


MENTIONED = {
    "MNIST.zip": "unpack it there",
    "archive.zip": "unpack it there",
    "mnist.tar.gz": "unpack it there",
    "mnist.npz": "only files in the idx format are read",
    "mnist_train.csv": "only files in the idx format are read",
    "mnist_png/train/0/1.png": "only files in the idx format are read",
}


@pytest.mark.parametrize("name", MENTIONED)
def test_what_holds_them_in_another_form_is_named_once(tmp_path, offline, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError) as refused:
        Mnist(str(tmp_path), 28, 1, 10, 2, seed=0).prepare_data()
    assert str(refused.value).count(f"{tmp_path / name.partition('/')[0]}: {MENTIONED[name]}") == 1


def test_labels_of_the_published_number_are_the_published_ones(tmp_path, offline):
    count = 60_000
    for name in NAMES:
        shape = struct.pack(">4I", 2051, count, 1, 1) if "images" in name else struct.pack(">2I", 2049, count)
        (tmp_path / name).write_bytes(shape + bytes([8, 7, 0, 1]) * (count // 4))
    Kmnist(str(tmp_path), 28, 1, 10, 2, seed=0).prepare_data()
    for kind in (Mnist, FashionMnist):
        with pytest.raises(InputError, match=f"these are not the labels of {kind.dataset}"):
            kind(str(tmp_path), 28, 1, 10, 2, seed=0).prepare_data()


@pytest.mark.parametrize("place", ["EMNIST/raw", "EMNIST", ".", "gzip", "EMNIST/raw/gzip"])
def test_emnist(tmp_path, place):
    names = [f"emnist-digits-{name}" for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")]
    names += [f"emnist-digits-{name}" for name in ("test-images-idx3-ubyte", "test-labels-idx1-ubyte")]
    lay(tmp_path / place, CHANGES["packed"], names)
    data = Emnist(str(tmp_path), 28, 1, 10, 2, seed=0, split="digits")
    data.prepare_data()
    assert data.load()[1].tolist() == [3, 1, 4, 1]


def test_sets_made_of_mnist_find_its_files_too(tmp_path):
    lay(tmp_path, CHANGES["a dot"])
    pair = MnistPair(str(tmp_path), 28, 1, 10, 2, seed=0)
    pair.prepare_data()
    assert len(pair.load_sources()) == 2
    stacked = StackedMnist(str(tmp_path), 28, 1, 10, 2, seed=0, size=8)
    stacked.prepare_data()
    assert len(stacked.load()[0]) == 8


def test_a_pair_is_never_mixed_from_two_places(tmp_path):
    lay(tmp_path / "MNIST", CHANGES["packed"])
    (tmp_path / "MNIST" / f"{NAMES[1]}.gz").unlink()
    lay(tmp_path, CHANGES["a dot"])
    others = {NAMES[0]: IMAGES[:16] + bytes(4 * 28 * 28), NAMES[1]: LABELS[:-4] + bytes([9, 9, 9, 9])}
    for name, content in others.items():
        (tmp_path / name.replace("-idx", ".idx")).write_bytes(content)
    data = Mnist(str(tmp_path), 28, 1, 10, 2, seed=0)
    data.prepare_data()
    images, labels = data.load()
    assert labels.tolist() == [9, 9, 9, 9]
    assert images.max() == 0


UNSAFE = {
    "zip": (lambda name: f"{name}.zip", "found 1347093252: unpack it, it is an archive"),
    "cut": (lambda name: name.replace("-idx", ".idx"), "expected 3152 bytes for 4 x 28 x 28, found 3151"),
    "another's": (lambda name: name.replace("-idx", ".idx"), "these are the labels of FashionMNIST"),
    "alone": (lambda name: name.replace("-idx", ".idx"), "there is no train-labels-idx1-ubyte beside it"),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_what_is_not_safe_is_named(tmp_path, offline, case):
    change, reason = UNSAFE[case]
    lay(tmp_path, change)
    for name in (NAMES[0], NAMES[2]):
        path = tmp_path / change(name)
        if case == "zip":
            path.write_bytes(b"PK\3\4" + bytes(20))
        if case == "cut":
            path.write_bytes(path.read_bytes()[:-1])
    for images, labels in (NAMES[:2], NAMES[2:]):
        if case == "another's":
            first = bytes([9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
            (tmp_path / change(labels)).write_bytes(struct.pack(">2I", 2049, 10) + first)
            content = struct.pack(">4I", 2051, 10, 28, 28) + PIXELS[: 10 * 28 * 28]
            (tmp_path / change(images)).write_bytes(content)
        if case == "alone":
            (tmp_path / change(labels)).unlink()
    with pytest.raises(InputError, match="MNIST is not there, and could not be had") as refused:
        Mnist(str(tmp_path), 28, 1, 10, 2, seed=0).prepare_data()
    said = str(refused.value)
    assert str(tmp_path / change(NAMES[0])) in said or str(tmp_path / change(NAMES[1])) in said
    assert reason in said
    assert len(said.splitlines()) == 3


@pytest.mark.parametrize("spoilt", ["cut", "flipped", "bomb"])
def test_a_spoilt_packed_file_is_refused_before_training(tmp_path, offline, spoilt):
    lay(tmp_path, CHANGES["packed"])
    path = tmp_path / f"{NAMES[0]}.gz"
    content = bytearray(path.read_bytes())
    if spoilt == "cut":
        content = content[:-20]
    if spoilt == "flipped":
        content[len(content) // 2] ^= 255
    if spoilt == "bomb":
        content = bytearray(gzip.compress(IMAGES + bytes(50 * 2**20)))
    path.write_bytes(content)
    data = Mnist(str(tmp_path), 28, 1, 10, 2, seed=0)
    with pytest.raises(InputError, match=NAMES[0]):
        data.prepare_data()
        data.read()


def test_packed_files_give_the_same_bits(mnist_root, tmp_path):
    """Real MNIST, packed, in another folder."""
    plain = Mnist(mnist_root, 28, 1, 10, 64, seed=0)
    for name in NAMES:
        content = (plain.folder / name).read_bytes()
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    packed = Mnist(str(tmp_path), 28, 1, 10, 64, seed=0)
    packed.prepare_data()
    for first, second in zip((*plain.load(), *plain.load_test()), (*packed.load(), *packed.load_test()), strict=True):
        assert torch.equal(first, second)
    assert plain.identity() == packed.identity()
