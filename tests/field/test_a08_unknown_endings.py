"""A8: picture-like files of unknown ending are read where Pillow can open them, and counted aloud where not."""

import io

import numpy as np
import pytest
from PIL import Image, features

from folders import gray_images, read
from saddle.cli.tools import run_tool
from saddle.data.image_search import image_names, search
from saddle.error import InputError
from systems import posix


def encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(file, kind)
    return file.getvalue()


NAMES = ["a.jfif", "a.JFIF", "a.JPE", "a.Jpg_large", "a", "a.jpg.download", "a.jpg~", "a.unknown", "a.dat"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_an_image_is_read_under_any_name(tmp_path, name, kind):
    root = gray_images(tmp_path / "own")
    (root / name).write_bytes(encoded(kind))
    data = read(root)
    assert data.rows_in_use() == 13
    assert name in data.names


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
@pytest.mark.parametrize("name", ["a.avif", "a"])
def test_avif_is_read_where_pillow_can(tmp_path, name):
    for place in (tmp_path / "one", tmp_path / "two"):
        place.mkdir()
        (place / name).write_bytes(encoded("AVIF"))
    assert read(tmp_path).rows_in_use() == 2


OTHERS = {
    "a.heic": b"\0\0\0\x18ftypheic",
    "b.svg": b"<svg/>",
    "c.psd": b"8BPS\0\1",
    "d.txt": b"BMW, a text that begins as a bitmap",
    "e.txt": b"P1 is a text, too",
    "f.HEIC": b"\0\0\0\x18ftypheic",
    "g": b"\0\1",
    "README": b"a text",
    "empty": b"",
    "data.npz": b"PK\3\4",
    "h.md": b"# A page",
}


def test_files_that_may_be_pictures_are_counted_aloud_by_their_endings(tmp_path, capsys):
    root = gray_images(tmp_path / "own")
    for name, content in OTHERS.items():
        (root / name).write_bytes(content)
    (root / ".DS_Store").write_bytes(b"x")
    data = read(root)
    data.prepare_data()
    assert data.rows_in_use() == 12
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"6 files of kinds that cannot be opened in {root} left out: 2 .heic, ")
    for kind in ("1 .svg", "1 .psd", "1 .npz", "1 without ending"):
        assert kind in line


@pytest.mark.parametrize("name", ["own.zip", "own.tar"])
def test_an_archive_is_named_as_such(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(InputError, match=f"no images there .1 file of kinds that cannot be opened.*1 {name[3:]}"):
        image_names(tmp_path)
    with pytest.raises(InputError, match="this is a file; name a folder"):
        image_names(tmp_path / name)


def test_a_broken_image_of_unknown_ending_is_named_as_broken(tmp_path, capsys):
    root = gray_images(tmp_path / "own")
    (root / "x.jfif2").write_bytes(encoded("JPEG")[:200])
    read(root)
    assert "  x.jfif2: " in capsys.readouterr().err


@posix
def test_pipes_do_not_hang(tmp_path):
    import os

    root = gray_images(tmp_path / "own")
    os.mkfifo(root / "pipe")
    assert len(image_names(root)) == 12


def test_tools_and_data_know_images_by_one_list(tmp_path, capsys):
    gray = np.random.default_rng(0)
    (tmp_path / "deep").mkdir()
    for index, name in enumerate([*NAMES, "deep/a.png", "deep/b"]):
        image = Image.fromarray(gray.integers(0, 256, (28, 28), dtype=np.uint8))
        image.save(tmp_path / name, "PNG" if index % 2 else "JPEG")
    assert run_tool(["evaluate", str(tmp_path), "data=digits", "--cache", str(tmp_path / ".cache")]) == 2
    assert f"{len(search(tmp_path).names)} images are too few to measure" in capsys.readouterr().err
    assert len(search(tmp_path).names) == 11
