import numpy as np
import pytest
import torch
from PIL import Image

from helpers import train, trained
from saddle.cli.tools import run_tool
from saddle.data.digits import Digits
from saddle.layer.code import category_of, values_of
from saddle.run.finished import FinishedRun
from saddle.seed import fixed_order
from saddle.training.interpolation import between
from saddle.training.noise import fixed_noise
from saddle.training.sampling import as_floats

SMALL = ["trainer.max_steps=3", "data.image_size=20"]


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """A run whose generator turns the last four numbers of its latent into a code."""
    path = tmp_path_factory.mktemp("coded") / "run"
    code = ["+architecture.generator.categories=3", "+architecture.generator.continuous=1"]
    trained(path, *SMALL, *code, "architecture.generator.latent_dim=9")
    return path


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    path = tmp_path_factory.mktemp("conditional") / "run"
    trained(path, "game=vae", *SMALL, "architecture.conditional=true", "optimizer.lr=3e-3")
    return path


def interpolate(folder, out, *options: str) -> int:
    return run_tool(["interpolate", str(folder), "--out", str(out), "--scale", "1", *options])


def cells(path) -> np.ndarray:
    """The images of a grid, (rows, columns, 20, 20), without names of classes left of them."""
    grid = np.asarray(Image.open(path).convert("L")).astype(float)
    grid = grid[:, (grid.shape[1] - 2) % 22 :]
    rows, columns = ((side - 2) // 22 for side in grid.shape)
    return np.stack(
        [[grid[22 * r + 2 : 22 * r + 22, 22 * c + 2 : 22 * c + 22] for c in range(columns)] for r in range(rows)]
    )


def shades(images: torch.Tensor) -> np.ndarray:
    return (images[:, 0].numpy() + 1) * 127.5


def test_rows_go_from_one_sample_to_the_next_and_keep_their_code(coded, tmp_path):
    assert interpolate(coded, tmp_path / "a.png", "--rows", "3", "--steps", "4", "--seed", "5") == 0
    found = cells(tmp_path / "a.png")
    assert found.shape == (3, 4, 20, 20)
    options = ["--num", "6", "--seed", "5", "--format", "npz", "--out", str(tmp_path / "s.npz")]
    assert run_tool(["sample", str(coded), *options]) == 0
    samples = np.load(tmp_path / "s.npz")["images"][..., 0].astype(float)
    assert np.abs(found[:, 0] - samples[0::2]).max() <= 1  # of other batch sizes: the last bit may differ
    ends = fixed_noise(5, "samples", (6, 9)).unflatten(0, (3, 2))
    way = between(ends[:, 0], ends[:, 1], 4, fixed=4)
    assert (category_of(way.flatten(0, 1), 3, 1).view(3, 4) == category_of(ends[:, 0], 3, 1)[:, None]).all()
    assert torch.equal(values_of(way[:, 3], 1), values_of(ends[:, 0], 1))
    with torch.no_grad():
        expected = shades(FinishedRun.open(coded).generator(way.flatten(0, 1)))
    assert np.abs(found.reshape(12, 20, 20) - expected).max() <= 1
    assert np.abs(found[:, -1] - samples[1::2]).max() > 1  # the same noise with another code


def test_the_seed_decides_and_more_rows_begin_with_the_same_ones(coded, tmp_path):
    for name, options in {"a": ["--rows", "2"], "b": ["--rows", "3"], "c": ["--rows", "2", "--seed", "1"]}.items():
        assert interpolate(coded, tmp_path / name, "--steps", "2", *options) == 0
    a, b, c = (cells(tmp_path / name) for name in "abc")
    assert np.abs(a - b[:2]).max() <= 1
    assert np.abs(a - c).max() > 1


def test_a_conditional_run_shows_one_class_per_row(conditional, tmp_path):
    assert interpolate(conditional, tmp_path / "a", "--rows", "11", "--steps", "3") == 0
    generator = FinishedRun.open(conditional).generator
    ends = fixed_noise(0, "samples", (22, generator.latent_dim)).unflatten(0, (11, 2))
    labels = (torch.arange(11) % 10).repeat_interleave(3)
    with torch.no_grad():
        expected = shades(generator(between(ends[:, 0], ends[:, 1], 3).flatten(0, 1), labels))
        wrong = shades(generator(between(ends[:, 0], ends[:, 1], 3).flatten(0, 1), (labels + 1) % 10))
    found = cells(tmp_path / "a").reshape(33, 20, 20)
    assert np.abs(found - expected).max() <= 1
    assert np.abs(found - wrong).max() > 1


def test_between_images_the_images_stand_left_and_right(conditional, tmp_path, capsys):
    assert interpolate(conditional, tmp_path / "a", "--images", "--rows", "3", "--steps", "4", "--seed", "2") == 0
    assert "3 ways of 4 images by " in capsys.readouterr().out
    found = cells(tmp_path / "a")
    assert found.shape == (3, 6, 20, 20)
    images, labels = Digits(20, 1, 10, 1, seed=0).training()  # it holds out no others
    chosen = fixed_order(len(images), "pairs 2")[:6]
    assert np.array_equal(found[:, 0], images[chosen[0::2], 0].numpy())
    assert np.array_equal(found[:, -1], images[chosen[1::2], 0].numpy())
    with torch.no_grad():
        codes = FinishedRun.open(conditional).encoder(as_floats(images[chosen])).chunk(2, dim=1)[0].unflatten(0, (3, 2))
        way = between(codes[:, 0], codes[:, 1], 4).flatten(0, 1)
        expected = shades(FinishedRun.open(conditional).generator(way, labels[chosen[0::2]].repeat_interleave(4)))
    assert np.abs(found[:, 1:-1].reshape(12, 20, 20) - expected).max() <= 1


def test_bad_input_is_refused_in_a_sentence(coded, conditional, tmp_path, capsys):
    points = tmp_path / "points"
    result = train("data=ring", "architecture=points", "trainer.max_steps=1", f"hydra.run.dir={points}")
    assert result.returncode == 0, result.stderr
    (tmp_path / "mine").write_text("mine")
    cases = {
        (coded, "x", "--images"): "game=adversarial trains no encoder",
        (coded, "x", "--steps", "1"): "--steps 1: a way has two ends: use at least 2",
        (coded, "x", "data.root=x"): "data.root=x: data is read with --images alone; leave it out",
        (conditional, "x", "--images", "data.limit=9"): "data.limit=9: a run is measured on its own data",
        (
            conditional,
            "x",
            "--images",
            "--rows",
            "899",
        ): "--rows 899: this needs 1798 images, and there are 1797 training",
        (coded, "mine"): "choose another name",
        (points, "x"): "makes points, and a way between points shows nothing",
    }
    for (path, out, *options), message in cases.items():
        assert interpolate(path, tmp_path / out, *options) == 2
        told = capsys.readouterr().err
        assert message in told
        assert len(told.strip().splitlines()) == 1
    assert not (tmp_path / "x").exists()
    assert (tmp_path / "mine").read_text() == "mine"
