import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import command, trained
from saddle.cli.tools import run_tool
from saddle.run.finished import FinishedRun


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run"
    trained(path, "trainer.max_steps=3", "architecture.generator.normalization=batch", "data.image_size=20")
    return path


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    path = tmp_path_factory.mktemp("conditional") / "run"
    trained(path, "trainer.max_steps=3", "architecture.conditional=true", "data.image_size=20")
    return path


def sample(folder, out, *options: str) -> int:
    return run_tool(["sample", str(folder), "--out", str(out), *options])


def test_one_array_of_the_promised_shape_that_the_seed_decides(folder, tmp_path):
    for name, options in {"a": [], "b": ["--seed", "0"], "c": ["--seed", "1"]}.items():
        assert sample(folder, tmp_path / name, "--num", "7", "--format", "npz", *options) == 0
    a, b, c = (np.load(tmp_path / name)["images"] for name in "abc")
    assert a.shape == (7, 20, 20, 1)
    assert a.dtype == np.uint8
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
    assert sample(folder, tmp_path / "d", "--num", "3", "--format", "npz") == 0
    assert np.array_equal(np.load(tmp_path / "d")["images"], a[:3])


def test_single_files_and_the_grid_hold_the_same_images(folder, tmp_path):
    assert sample(folder / "checkpoints" / "last.ckpt", tmp_path / "png", "--num", "4", "--format", "png") == 0
    assert sample(folder, tmp_path / "npz", "--num", "4", "--format", "npz") == 0
    assert sample(folder, tmp_path / "grid.png", "--num", "4", "--scale", "1") == 0
    assert sample(folder, tmp_path / "large.png", "--num", "4") == 0
    images = np.load(tmp_path / "npz")["images"]
    names = sorted(path.name for path in (tmp_path / "png").iterdir())
    assert names == [f"{i:06d}.png" for i in range(4)]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "png" / names[1])), images[1, :, :, 0])
    grid = np.asarray(Image.open(tmp_path / "grid.png").convert("L"))
    assert np.array_equal(grid[2:22, 24:44], images[1, :, :, 0])
    large = np.asarray(Image.open(tmp_path / "large.png").convert("L"))
    assert large.shape == (2 * 102 + 2, 2 * 102 + 2)  # 20 pixels, five times as large
    assert np.array_equal(large[2:102, 104:204], images[1, :, :, 0].repeat(5, 0).repeat(5, 1))


@pytest.mark.parametrize("options", [("--format", "npz"), ("--format", "png")])
def test_only_pictures_are_enlarged(folder, tmp_path, capsys, options):
    assert sample(folder, tmp_path / "out", "--num", "4", "--scale", "2", *options) == 2
    assert capsys.readouterr().err.startswith("--scale 2: ")
    assert not (tmp_path / "out").exists()


def test_a_conditional_run_shows_one_class_per_row_or_the_one_asked_for(conditional, tmp_path):
    assert sample(conditional, tmp_path / "all", "--num", "20", "--format", "npz") == 0
    arrays = np.load(tmp_path / "all")
    assert arrays["labels"].tolist() == [*range(10), *range(10)]
    assert arrays["class_names"].tolist() == [str(number) for number in range(10)]
    assert sample(conditional, tmp_path / "grid.png", "--num", "20", "--scale", "1") == 0
    picture = np.asarray(Image.open(tmp_path / "grid.png").convert("L"))
    names, grid = np.split(picture, [picture.shape[1] - 2 * 22 - 2], axis=1)  # left of the images
    assert grid.shape == (10 * 22 + 2, 2 * 22 + 2)
    assert [(names[22 * row + 2 : 22 * row + 22] > 180).any() for row in range(10)] == [True] * 10
    assert np.array_equal(grid[24:44, 24:44], arrays["images"][11, :, :, 0])  # the second of class 1
    assert sample(conditional, tmp_path / "seven", "--num", "20", "--format", "npz", "--label", "7") == 0
    sevens = np.load(tmp_path / "seven")
    assert set(sevens["labels"]) == {7}
    assert np.array_equal(sevens["images"][17], arrays["images"][17])
    assert not np.array_equal(sevens["images"][16], arrays["images"][16])


def test_a_label_that_cannot_be_is_refused(folder, conditional, tmp_path, capsys):
    assert sample(conditional, tmp_path / "x", "--label", "10") == 2
    assert "--label 10: " in (message := capsys.readouterr().err)
    assert "knows the classes 0 to 9" in message
    assert sample(folder, tmp_path / "x", "--label", "1") == 2
    assert "takes no labels: leave it out, or train with architecture.conditional=true" in capsys.readouterr().err


def test_truncation_draws_the_images_together(folder, tmp_path):
    for name, options in {"far": ["--truncation", "0.01"], "free": []}.items():
        assert sample(folder, tmp_path / name, "--num", "30", "--format", "npz", *options) == 0
    spreads = {name: np.load(tmp_path / name)["images"].std(0).mean() for name in ("far", "free")}
    assert spreads["far"] < 0.2 * spreads["free"]


def test_samples_are_those_of_the_averaged_generator(folder, tmp_path):
    content = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    generator = FinishedRun.open(folder).generator
    assert torch.equal(generator.layers[0].weight, content["ema.networks.generator.layers.0.weight"])
    assert not torch.equal(generator.layers[0].weight, content["generator.layers.0.weight"])
    assert not generator.training


@pytest.mark.parametrize("name", ["file", "full"])
def test_nothing_is_overwritten(folder, tmp_path, capsys, name):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    assert sample(folder, tmp_path / name, "--format", "png") == 2
    assert "choose another name" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--num", "0"], "use at least 1"),
        (["--num", "x"], "'x' is not a whole number"),
        (["--truncation", "0"], "'0' is not a number above 0"),
        (["--truncation", "nan"], "'nan' is not a number above 0"),
        (["--seed", "-1"], "'-1' is not a whole number"),
        (["--format", "jpg"], "invalid choice"),
    ],
)
def test_bad_options_exit_with_2(folder, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        sample(folder, tmp_path / "x", *arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_run_that_is_none_exits_with_2(tmp_path):
    result = command("-m", "saddle", "sample", str(tmp_path / "none"), "--out", str(tmp_path / "x"))
    assert result.returncode == 2
    assert "there is no such run folder or checkpoint" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_more_images_than_fit_into_memory_are_refused_before_any_is_made(folder, tmp_path, capsys):
    assert sample(folder, tmp_path / "x.npz", "--num", "1000000000000", "--format", "npz") == 2
    assert re.fullmatch(
        r"--num 1000000000000: this needs [\d,.]+ GiB of memory, and .*: use less\n", capsys.readouterr().err
    )
    assert not (tmp_path / "x.npz").exists()
