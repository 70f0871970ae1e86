"""D12: `saddle evaluate FOLDER` finds the images that a data set finds, or says what it looked for."""

import numpy as np
import pytest
from PIL import Image

from saddle.cli.tools import run_tool


def fill(folder, count: int, name: str, kind: str):
    random = np.random.default_rng(0)
    for index in range(count):
        path = folder / name.format(index)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (28, 28), dtype=np.uint8)).save(path, kind)
    return folder


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("{}.jpg", "JPEG"),
        ("{}.JPE", "JPEG"),
        ("{}.jfif", "JPEG"),
        ("{}", "PNG"),
        ("{}/a.webp", "WEBP"),
        ("x/{}.bmp", "BMP"),
    ],
)
def test_images_under_any_name_and_at_any_depth_are_measured(tmp_path, capsys, name, kind):
    folder = fill(tmp_path / "own", 100, name, kind)
    assert run_tool(["evaluate", str(folder), "data=digits", "--cache", str(tmp_path / "cache")]) == 0
    assert "100 samples (files) against 1,797 training images" in capsys.readouterr().out


def test_what_is_left_out_is_said(tmp_path, capsys):
    folder = fill(tmp_path / "own", 100, "{}.png", "PNG")
    (folder / "a.heic").write_bytes(b"x")
    assert run_tool(["evaluate", str(folder), "data=digits", "--cache", str(tmp_path / "cache")]) == 0
    assert "1 file of kinds that cannot be opened in" in capsys.readouterr().err


@pytest.mark.parametrize("files", [[], ["a.heic"], ["notes.txt", "b.svg"]])
def test_a_folder_without_images_is_one_sentence(tmp_path, capsys, files):
    for name in files:
        (tmp_path / name).write_bytes(b"x")
    assert run_tool(["evaluate", str(tmp_path)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert (
        f"{tmp_path}: expected a run folder with checkpoints/last.ckpt, or image files; those that end in png" in said
    )


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.zip", "a.npy", "a.txt"])
def test_a_file_of_images_in_another_form_is_one_sentence(tmp_path, capsys, name):
    (tmp_path / name).write_bytes(b"x")
    assert run_tool(["evaluate", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path / name}: images are measured from a folder, at any depth, or "
    )
