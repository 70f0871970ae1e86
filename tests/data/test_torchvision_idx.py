"""Downloads, for real, from a small server on this machine."""

import gzip
import hashlib
import http.server
import os
import socket
import struct
import threading
import time

import pytest
import torch

from saddle.data.fashion_mnist import FashionMnist
from saddle.data.kmnist import Kmnist
from saddle.data.mnist import Mnist
from saddle.error import InputError

NAMES = Mnist.files
PIXELS = torch.arange(5 * 28 * 28).remainder(251).to(torch.uint8)
CONTENT = {
    name: gzip.compress(
        struct.pack(">4I", 2051, 5, 28, 28) + PIXELS.numpy().tobytes()
        if "images" in name
        else struct.pack(">2I", 2049, 5) + bytes(range(5))
    )
    for name in NAMES
}


class Handler(http.server.BaseHTTPRequestHandler):
    """/sound/ gives the files, /wrong/ other bytes; the rest die after half of the first file, each in its way."""

    asked: list[str]

    def do_GET(self):
        _, manner, name = self.path.split("/")
        self.asked.append(self.path)
        content = CONTENT[name.removesuffix(".gz")] if manner != "wrong" else b"not it"
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if manner in ("sound", "wrong"):
            self.wfile.write(content)
            return
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        if manner == "stalls":
            time.sleep(2)
        elif manner == "resets":
            time.sleep(0.2)  # for what was sent to arrive
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    """The server's address; torchvision's class expects the small files' checksums."""
    monkeypatch.setattr(Handler, "asked", [], raising=False)
    monkeypatch.setattr("saddle.data.torchvision_idx._TIMEOUT_SECONDS", 1)
    resources = [(f"{name}.gz", hashlib.md5(content).hexdigest()) for name, content in CONTENT.items()]
    monkeypatch.setattr("torchvision.datasets.MNIST.resources", resources)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def mnist(root) -> Mnist:
    return Mnist(str(root), 28, 1, 10, 4, seed=0)


def use_mirrors(monkeypatch, *mirrors: str) -> None:
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", list(mirrors))


@pytest.mark.parametrize("first", ["sound", "closed", "resets", "stalls", "ends", "wrong"])
def test_a_mirror_that_fails_is_followed_by_the_next(server, tmp_path, monkeypatch, first):
    dead = "http://127.0.0.1:9/" if first == "closed" else f"{server}/{first}/"
    use_mirrors(monkeypatch, dead, f"{server}/sound/")
    data = mnist(tmp_path)
    data.prepare_data()
    images, labels = data.load()
    assert torch.equal(images.flatten(), PIXELS)
    assert labels.tolist() == list(range(5))
    assert {path.name for path in data.folder.iterdir()} >= set(NAMES)
    assert any("/sound/" in path for path in Handler.asked)
    assert (len(Handler.asked) > 8) == (first not in ("sound", "closed"))  # torchvision asks twice for each file


def test_wrong_checksums_everywhere_are_refused_and_never_pass_later(server, tmp_path, monkeypatch):
    use_mirrors(monkeypatch, f"{server}/wrong/", f"{server}/ends/")
    for _ in range(2):
        with pytest.raises(InputError, match=r"could not be had from .*/wrong/ and .*/ends/ \(.*corrupted") as caught:
            mnist(tmp_path).prepare_data()
        assert len(str(caught.value).splitlines()) == 3
    assert not any((tmp_path / "MNIST" / "raw" / name).exists() for name in NAMES)
    use_mirrors(monkeypatch, f"{server}/sound/")
    data = mnist(tmp_path)
    data.prepare_data()
    assert torch.equal(data.load()[0].flatten(), PIXELS)


def test_a_missing_file_is_fetched_beside_what_is_there(server, tmp_path, monkeypatch):
    use_mirrors(monkeypatch, f"{server}/sound/")
    mnist(tmp_path).prepare_data()
    raw = tmp_path / "MNIST" / "raw"
    for path in (raw / NAMES[1], raw / f"{NAMES[1]}.gz"):
        path.unlink()
    Handler.asked.clear()
    mnist(tmp_path).prepare_data()
    assert {path.rpartition("/")[2] for path in Handler.asked} == {f"{NAMES[1]}.gz"}
    Handler.asked.clear()
    mnist(tmp_path).prepare_data()
    assert Handler.asked == []


def test_files_in_place_are_read_without_a_network(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        (raw / name).write_bytes(gzip.decompress(CONTENT[name]))
    data = mnist(tmp_path)
    data.prepare_data()
    assert torch.equal(data.load()[0].flatten(), PIXELS)
    (raw / NAMES[0]).write_bytes((raw / NAMES[1]).read_bytes())
    with pytest.raises(InputError, match=r"train-images-idx3-ubyte: expected .*found"):
        mnist(tmp_path).prepare_data()


def test_the_timeout_is_given_back(server, tmp_path, monkeypatch):
    use_mirrors(monkeypatch, f"{server}/sound/")
    mnist(tmp_path).prepare_data()
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize(("kind", "name"), [(Mnist, "MNIST"), (FashionMnist, "FashionMNIST"), (Kmnist, "KMNIST")])
def test_without_files_and_network_one_message_says_what_to_do(tmp_path, monkeypatch, kind, name):
    monkeypatch.setattr(f"torchvision.datasets.{name}.mirrors", ["http://127.0.0.1:9/a/", "http://127.0.0.1:9/b/"])
    with pytest.raises(InputError) as caught:
        kind(str(tmp_path), 28, 1, 10, 64, seed=0).prepare_data()
    message = str(caught.value)
    assert len(message.splitlines()) <= 3
    for part in (*NAMES, "http://127.0.0.1:9/a/ and http://127.0.0.1:9/b/", "data=digits", "SADDLE_DATA_ROOT"):
        assert part in message
    assert f"{name} is not there" in message
    assert f"{tmp_path / name / 'raw'}" in message


def test_a_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert mnist("~/data").folder == tmp_path / "data" / "MNIST" / "raw"
