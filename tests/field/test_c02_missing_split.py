"""C2: the files of every split that the run and its tools will read are checked, and fetched, at the start."""

import gzip
import hashlib
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers import train
from saddle.data.mnist import Mnist
from saddle.error import InputError

NAMES = Mnist.files
IMAGES = struct.pack(">4I", 2051, 40, 28, 28) + bytes(40 * 28 * 28)
LABELS = struct.pack(">2I", 2049, 40) + bytes(range(10)) * 4
CONTENT = {name: IMAGES if "images" in name else LABELS for name in NAMES}


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def lay(root, *names: str) -> None:
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name in names:
        (raw / name).write_bytes(CONTENT[name])


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A folder that a server of this machine offers."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    resources = []
    for name, content in CONTENT.items():
        packed = gzip.compress(content)
        (folder / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    monkeypatch.setattr("torchvision.datasets.MNIST.resources", resources)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("there", [NAMES[:2], NAMES[2:], NAMES[:3], NAMES[1:2]])
def test_what_is_missing_is_fetched_and_nothing_else(tmp_path, mirror, there):
    lay(tmp_path / "data", *there)
    raw = tmp_path / "data" / "MNIST" / "raw"
    times = {name: (raw / name).stat().st_mtime_ns for name in there}
    data = Mnist(str(tmp_path / "data"), 28, 1, 10, 4, seed=0)
    data.prepare_data()
    assert len(data.load_test()[0]) == 40
    assert {name for name in NAMES if (raw / f"{name}.gz").exists()} == set(NAMES) - set(there)
    assert {name: (raw / name).stat().st_mtime_ns for name in there} == times


@pytest.mark.parametrize("missing", NAMES)
def test_any_missing_file_is_refused_at_the_start_with_the_mend(tmp_path, monkeypatch, missing):
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    lay(tmp_path, *(name for name in NAMES if name != missing))
    with pytest.raises(InputError) as refused:
        Mnist(str(tmp_path), 28, 1, 10, 4, seed=0).prepare_data()
    said = str(refused.value)
    what = "MNIST is" if "train" in missing else "the test images and labels of MNIST are"
    assert f"{what} not there, and could not be had from http://127.0.0.1:9/" in said
    assert f"Put {missing} into {tmp_path / 'MNIST' / 'raw'}" in said


def test_a_spoilt_test_file_is_refused_before_training(tmp_path):
    lay(tmp_path / "data", *NAMES)
    path = tmp_path / "data" / "MNIST" / "raw" / NAMES[2]
    path.write_bytes(path.read_bytes()[:-1])
    result = train("data.root=data", "architecture=mlp", "data.batch_size=4", "hydra.run.dir=run", cwd=tmp_path)
    assert result.returncode == 2
    assert f"{NAMES[2]}: expected 31376 bytes for 40 x 28 x 28, found 31375" in result.stderr
    assert not (tmp_path / "run" / "checkpoints").exists()
