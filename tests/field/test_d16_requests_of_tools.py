"""Tools check what they are asked to make before they work: memory, disk, and the kind of file."""

import shutil
from collections import namedtuple

import pytest

from helpers import SMALL, trained
from saddle.cli.tools import run_tool

GIB = 2**30
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("run")
    trained(place, *SMALL, "trainer.max_steps=1", "callback.quality.extractor=none")
    grid = max((place / "samples").glob("*.png"))
    shutil.copyfile(grid, grid.with_name("00000002.png"))
    return place


REQUESTS = (
    (["sample", "--num", "100000000", "--out", "x.npz"], "--num 100000000: this needs "),
    (["sample", "--num", "100000000", "--out", "x.png"], "--num 100000000: this needs "),
    (["sample", "--num", "100000000", "--format", "png", "--out", "x"], "--num 100000000: this needs "),
    (["interpolate", "--rows", "1000000", "--steps", "1000", "--out", "x.png"], "--rows 1000000: this needs "),
    (["evaluate", "--num", "100000000"], "--num 100000000: this needs "),
)


@pytest.mark.parametrize(("arguments", "sentence"), REQUESTS)
def test_more_than_the_memory_is_refused_at_once(folder, arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command, *options = arguments
    assert run_tool([command, str(folder), *options]) == 2
    assert capsys.readouterr().err.startswith(sentence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "--out", "x.npz"],
        ["sample", "--out", "x.png"],
        ["interpolate", "--out", "x.png"],
        ["film", "--out", "x.gif"],
    ],
)
def test_more_than_the_disk_is_refused(folder, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("saddle.tool.output.shutil.disk_usage", lambda place: Usage(GIB, GIB, 1))
    command, *options = arguments
    assert run_tool([command, str(folder), *options]) == 2
    assert "ask for less, or choose another place" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_how_much_is_said_where_it_is_much(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("saddle.tool.output._MUCH", 1000)
    assert run_tool(["sample", str(folder), "--num", "4", "--out", str(tmp_path / "x.npz")]) == 0
    assert capsys.readouterr().err == f"about 0.0 GiB go to {tmp_path / 'x.npz'}\n"


@pytest.mark.parametrize(
    ("name", "kind"), [("x.npz", b"PK"), ("x.NPZ", b"PK"), ("x.png", b"\x89PNG"), ("x", b"\x89PNG")]
)
def test_the_ending_chooses_the_format(folder, name, kind, tmp_path):
    assert run_tool(["sample", str(folder), "--num", "4", "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_bytes().startswith(kind)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "--out", "x.jpg"],
        ["sample", "--out", "x.gif"],
        ["sample", "--format", "grid", "--out", "x.npz"],
        ["sample", "--format", "npz", "--out", "x.png"],
        ["sample", "--format", "png", "--out", "x.png"],
        ["interpolate", "--out", "x.npz"],
        ["reconstruct", "--out", "x.jpeg"],
        ["translate", "--out", "x.gif"],
        ["encode", "--out", "x.png"],
        ["evaluate", "--out", "x.csv"],
        ["film", "--out", "x.mp4"],
    ],
)
def test_an_ending_of_another_kind_is_refused(folder, arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command, *options = arguments
    assert run_tool([command, str(folder), *options]) == 2
    assert capsys.readouterr().err.startswith(f"--out {options[-1]}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_file_above_the_output_is_refused_before_anything_is_made(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for command, name in (("sample", "file/x.png"), ("evaluate", "file/deep/x.json")):
        assert run_tool([command, str(folder), "--out", name]) == 2
        assert capsys.readouterr().err == f"--out {name}: file is no folder: choose another place\n"


def test_only_what_is_required_is_called_required(capsys):
    with pytest.raises(SystemExit):
        run_tool(["sample"])
    assert capsys.readouterr().err.endswith("are required: RUN, --out\n")


def test_a_setting_of_another_kind_is_refused_without_one_that_the_run_lacks(folder, capsys):
    assert run_tool(["evaluate", str(folder), "lr=3"]) == 2
    assert capsys.readouterr().err == "lr=3: a run is measured on its own data; leave it out\n"
