"""D9: a data file that may not be read is one sentence, with the file and the mend."""

import os
import struct
from pathlib import Path

import pytest

from folders import gray_images, read
from saddle.cli.tools import run_tool
from saddle.data.image_search import search_data
from saddle.data.mnist import Mnist
from saddle.error import InputError
from systems import posix

NAMES = Mnist.files
IMAGES = struct.pack(">4I", 2051, 4, 28, 28) + bytes(4 * 28 * 28)
LABELS = struct.pack(">2I", 2049, 4) + bytes(4)
NOT_ROOT = pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="nothing is unreadable for root")


def mnist(root) -> Mnist:
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (raw / name).write_bytes(IMAGES if "images" in name else LABELS)
    return Mnist(str(root), 28, 1, 10, 2, seed=0)


@posix
@NOT_ROOT
@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_permission(tmp_path, name):
    data = mnist(tmp_path)
    (data.folder / name).chmod(0)
    with pytest.raises(InputError, match=f"{name}: Permission denied; make the file readable"):
        data.prepare_data()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_opened(tmp_path, name, monkeypatch):
    """The same for whoever is root, and for disks that fail."""
    data = mnist(tmp_path)
    opened = Path.open

    def fail(self, *arguments, **settings):
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **settings)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(InputError, match=f"{name}: Permission denied; make the file readable") as refused:
        data.prepare_data()
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("function", ["os.walk", "pathlib.Path.is_dir"])
def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch, function):
    def fail(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    root = gray_images(tmp_path / "own")
    monkeypatch.setattr(function, fail)
    with pytest.raises(InputError, match=f"data.root={root}: {root}: Permission denied; make the folder readable"):
        search_data(root, "data.root")


@posix
@NOT_ROOT
def test_images_and_folders_without_permission(tmp_path, capsys):
    root = gray_images(tmp_path / "own")
    (root / "cats" / "01.png").chmod(0)
    assert read(root).skipped == 1
    assert "cats/01.png: Permission denied" in capsys.readouterr().err
    (root / "cats").chmod(0)
    try:
        with pytest.raises(InputError, match=f"data.root={root}: {root / 'cats'}: Permission denied; make the folder"):
            read(root)
        assert run_tool(["evaluate", str(root)]) == 2
        assert f"{root / 'cats'}: Permission denied; make the folder readable" in capsys.readouterr().err
    finally:
        (root / "cats").chmod(0o755)
