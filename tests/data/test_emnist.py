import saddle.compat  # noqa: F401  isort: skip
import gzip
import hashlib
import struct
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import get_args, get_type_hints

import pytest
import torch
from torchvision.datasets import EMNIST

from saddle.data.emnist import Emnist
from saddle.error import InputError

CLASSES = {"byclass": 62, "bymerge": 47, "balanced": 47, "letters": 26, "digits": 10, "mnist": 10}
STORED = torch.arange(3 * 28 * 28).remainder(251).to(torch.uint8).view(3, 28, 28)


def emnist(root, split: str, classes: int | None = None) -> Emnist:
    return Emnist(str(root), 28, 1, classes or CLASSES[split], 2, seed=0, split=split)


def files(split: str) -> dict[str, bytes]:
    images = struct.pack(">4I", 2051, 3, 28, 28) + STORED.numpy().tobytes()
    labels = struct.pack(">2I", 2049, 3) + bytes([1, 26 if split == "letters" else 9, 3])
    return {name: images if "images" in name else labels for name in emnist("", split).files}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    """The address of a server of the files in tmp_path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("split", CLASSES)
def test_images_are_turned_upright_and_labels_count_from_zero(tmp_path, split):
    data = emnist(tmp_path, split)
    data.folder.mkdir(parents=True)
    for name, content in files(split).items():
        (data.folder / name).write_bytes(content)
    data.prepare_data()
    data.read()
    images, labels = data.load()
    assert images.shape == (3, 1, 28, 28)
    assert torch.equal(images[:, 0, 2, 5], STORED[:, 5, 2])
    assert labels.tolist() == ([0, 25, 2] if split == "letters" else [1, 9, 3])


def test_a_split_has_its_own_classes_and_size():
    assert set(CLASSES) == set(get_args(get_type_hints(Emnist.__init__)["split"]))
    for split, right in CLASSES.items():
        with pytest.raises(InputError, match=rf"data.classes=11, but data.split={split} has {right}: use data.cl"):
            emnist("", split, 11)
    sizes = [emnist("", split).size for split in CLASSES]
    assert sizes == [697_932, 697_932, 112_800, 124_800, 240_000, 60_000]


@pytest.mark.parametrize("split", CLASSES)
def test_classes_are_torchvisions_letters_and_digits(split):
    theirs = [name.lower() for name in EMNIST.classes_split_dict[split] if name != "N/A"]
    assert [name.lower() for name in emnist("", split).class_names] == theirs


def test_the_archive_is_fetched_once_for_all_splits(tmp_path, server, monkeypatch):
    archive = tmp_path / "gzip.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for split in ("letters", "digits"):
            for name, content in files(split).items():
                file.writestr(f"gzip/{name}.gz", gzip.compress(content))
    monkeypatch.setattr("torchvision.datasets.EMNIST.url", f"{server}/gzip.zip")
    monkeypatch.setattr("torchvision.datasets.EMNIST.md5", hashlib.md5(archive.read_bytes()).hexdigest())
    emnist(tmp_path / "data", "letters").prepare_data()
    archive.unlink()
    data = emnist(tmp_path / "data", "digits")
    data.prepare_data()
    assert data.load()[1].tolist() == [1, 9, 3]
    with pytest.raises(InputError, match="EMNIST is not there, and could not be had from http.*gzip.zip") as caught:
        emnist(tmp_path / "elsewhere", "digits").prepare_data()
    assert "Put emnist-digits-train-images-idx3-ubyte, emnist-digits-train-labels-idx1-ubyte, " in str(caught.value)
