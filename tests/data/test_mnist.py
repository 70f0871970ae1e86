import shutil
import struct
from pathlib import Path

import pytest
import torch

from saddle.data.mnist import Mnist
from saddle.error import InputError

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def mnist(root) -> Mnist:
    return Mnist(str(root), 28, 1, 10, 64, seed=0)


@pytest.fixture
def small(tmp_path) -> Path:
    """Three images in MNIST's layout."""
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in NAMES:
        header = struct.pack(">4I", 2051, 3, 28, 28) if "images" in name else struct.pack(">2I", 2049, 3)
        content = bytes([7]) * (3 * 784) if "images" in name else bytes([1, 2, 3])
        (folder / name).write_bytes(header + content)
    return tmp_path


def test_files_in_place_are_read_without_a_network(small):
    data = mnist(small)
    data.prepare_data()
    images, labels = data.load()
    assert images.shape == (3, 1, 28, 28)
    assert torch.equal(images.unique(), torch.tensor([7], dtype=torch.uint8))
    assert labels.tolist() == [1, 2, 3]


def test_swapped_files_are_refused(small):
    raw = small / "MNIST" / "raw"
    shutil.copy(raw / NAMES[1], raw / NAMES[0])
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte: expected .*found"):
        mnist(small).prepare_data()


def test_without_files_and_network_one_message_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/a/", "http://127.0.0.1:9/b/"])
    with pytest.raises(InputError) as caught:
        mnist(tmp_path).prepare_data()
    message = str(caught.value)
    assert len(message.splitlines()) <= 3
    for part in (*NAMES, "http://127.0.0.1:9/a/ and http://127.0.0.1:9/b/", "data=digits", "SADDLE_DATA_ROOT"):
        assert part in message


def test_real_mnist(mnist_root):
    data = mnist(mnist_root)
    data.prepare_data()
    images, labels = data.load()
    assert images.shape == (60_000, 1, 28, 28)
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert images.float().mean().item() == pytest.approx(33.3184, abs=1e-3)
    assert torch.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
