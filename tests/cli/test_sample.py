import numpy as np
import pytest
import torch
from PIL import Image

from helpers import command, trained
from saddle.cli.tools import run_tool


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run"
    trained(path, "trainer.max_steps=3", "architecture.generator.normalization=batch", "data.image_size=20")
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
    assert sample(folder, tmp_path / "grid.png", "--num", "4") == 0
    images = np.load(tmp_path / "npz")["images"]
    names = sorted(path.name for path in (tmp_path / "png").iterdir())
    assert names == [f"{i:06d}.png" for i in range(4)]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "png" / names[1])), images[1, :, :, 0])
    grid = np.asarray(Image.open(tmp_path / "grid.png").convert("L"))
    assert np.array_equal(grid[2:22, 24:44], images[1, :, :, 0])


def test_samples_are_those_of_the_averaged_generator(folder, tmp_path):
    from saddle.cli.sample import load_generator

    content = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    generator = load_generator(folder / "checkpoints" / "last.ckpt")
    assert torch.equal(generator.layers[0].weight, content["ema.network.layers.0.weight"])
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
