"""A13: a refused `data.root` leaves nothing behind."""

import pytest

from helpers import train
from saddle.data.emnist import Emnist
from saddle.data.fashion_mnist import FashionMnist
from saddle.data.kmnist import Kmnist
from saddle.data.mnist import Mnist
from saddle.error import InputError

KINDS = {"MNIST": Mnist, "FashionMNIST": FashionMnist, "KMNIST": Kmnist, "EMNIST": Emnist}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    for name in ("MNIST", "FashionMNIST", "KMNIST"):
        monkeypatch.setattr(f"torchvision.datasets.{name}.mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setattr("torchvision.datasets.EMNIST.url", "http://127.0.0.1:9/gzip.zip")


def refuse(kind, root) -> None:
    changes = {"split": "digits"} if kind is Emnist else {}
    with pytest.raises(InputError, match="not there, and could not be had"):
        kind(str(root), 28, 1, 10, 2, seed=0, **changes).prepare_data()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("root", [".", "new", "new/deep"])
def test_no_folder_is_left(tmp_path, kind, root):
    (tmp_path / "mine.txt").write_text("mine")
    refuse(kind, tmp_path / root)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine.txt"]


def test_what_was_there_stays(tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "notes.txt").write_text("mine")
    refuse(Mnist, tmp_path)
    assert [path.name for path in raw.iterdir()] == ["notes.txt"]


def test_half_a_download_is_removed(tmp_path, monkeypatch):
    def fetch(self, source, names):
        self.folder.mkdir(parents=True)
        (self.folder / "train-images-idx3-ubyte.gz").write_bytes(b"half")
        (self.folder / "gzip").mkdir()
        (self.folder / "gzip" / "x").touch()
        raise OSError("the connection died")

    monkeypatch.setattr("saddle.data.torchvision_idx.TorchvisionIdx.fetch", fetch)
    refuse(Mnist, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_command_leaves_nothing(tmp_path):
    offline = {"https_proxy": "http://127.0.0.1:9/", "http_proxy": "http://127.0.0.1:9/"}
    (tmp_path / "mine").mkdir()
    result = train("data=mnist", "data.root=mine", "hydra.run.dir=run", cwd=tmp_path, **offline)
    assert result.returncode == 2, result.stderr
    assert list((tmp_path / "mine").iterdir()) == []
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("folder", ["sweep", "new/sweep"])
@pytest.mark.parametrize("setting", ["loss=hing,hinge", "los=hinge,wasserstein"])
def test_a_refused_sweep_leaves_nothing(tmp_path, folder, setting):
    result = train("-m", "data=digits", setting, f"hydra.sweep.dir={folder}", cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert list(tmp_path.iterdir()) == []
