import json

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import train, trained
from saddle.cli.tools import run_tool
from saddle.factory.data import fetched_data
from saddle.run.finished import FinishedRun
from saddle.training.sampling import images_from

SMALL = ["experiment=cyclegan", "data.image_size=12", "data.limit=64", "data.batch_size=8", "trainer.max_steps=2"]
SMALL += ["architecture.generator.width=2", "architecture.generator.halvings=1", "architecture.generator.blocks=1"]
SMALL += ["architecture.discriminator.widths=[4]", "callback.quality.num=40", "callback.game.num=20", "trainer=cpu"]


@pytest.fixture(scope="module")
def folder(mnist_root, tmp_path_factory):
    path = tmp_path_factory.mktemp("translating") / "run"
    result = train(*SMALL, "data.target=inverted", f"hydra.run.dir={path}")
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture(scope="module")
def latent(mnist_root, tmp_path_factory):
    path = tmp_path_factory.mktemp("latent") / "run"
    trained(path, "data=mnist", "data.limit=100", "trainer.max_steps=1")
    return path


@pytest.fixture(autouse=True)
def data(mnist_root):
    return fetched_data(["data=mnist_pair", "data.target=inverted", "data.image_size=12"])


def tool(name: str, path, out, *options: str) -> int:
    return run_tool([name, str(path), "--out", str(out), *options])


def test_the_arrays_are_held_out_sources_what_both_generators_make_and_true_counterparts(
    folder, tmp_path, data, capsys
):
    assert tool("translate", folder, tmp_path / "a.npz", "--num", "5", "--back", "--format", "npz") == 0
    found = np.load(tmp_path / "a.npz")
    assert found.files == ["sources", "images", "back", "counterparts", "labels", "class_names"]
    images = {name: torch.from_numpy(found[name]).permute(0, 3, 1, 2) for name in found.files[:4]}
    sources, counterparts, labels = data.test_pairs()
    rows = [int((sources == image).flatten(1).all(1).nonzero()[0]) for image in images["sources"]]
    assert len(set(rows)) == 5
    assert torch.equal(images["counterparts"], counterparts[rows])
    assert found["labels"].tolist() == labels[rows].tolist()
    run = FinishedRun.open(folder)
    made = images_from(run.generator, 5, 0, sources=images["sources"])
    assert torch.equal(images["images"], made)
    assert torch.equal(images["back"], images_from(run.network("inverse"), 5, 0, sources=made))
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines()[:-1])
    apart = (images["sources"].float() - images["counterparts"].float()).abs().mean().item() / 255
    assert float(printed["unchanged_error"]) == pytest.approx(apart, abs=1e-4)
    apart = (made.float() - images["counterparts"].float()).abs().mean().item() / 255
    assert float(printed["counterpart_error"]) == pytest.approx(apart, abs=2e-3)  # bytes are rounded
    assert {"cycle_error", "inverse_cycle_error", "label_preservation"} <= printed.keys()


@pytest.mark.parametrize(("options", "rows"), [([], 3), (["--back"], 4)])
def test_the_grid_has_a_row_for_each(folder, tmp_path, data, options, rows):
    assert tool("translate", folder, tmp_path / "grid.png", "--num", "3", "--scale", "1", *options) == 0
    grid = np.asarray(Image.open(tmp_path / "grid.png").convert("L"))
    assert grid.shape == (rows * 14 + 2, 3 * 14 + 2)
    held_out = data.held_out(3)
    for row, name in ((0, "source"), (rows - 1, "image")):
        shown = grid[row * 14 + 2 : row * 14 + 14, 16:28]
        expected = ((held_out[name][1, 0] + 1) * 127.5).round().numpy()
        assert np.array_equal(shown, expected)


def test_samples_are_translations_of_the_same_images(folder, tmp_path):
    assert tool("sample", folder, tmp_path / "a.npz", "--num", "5", "--format", "npz") == 0
    assert tool("translate", folder, tmp_path / "b.npz", "--num", "5", "--format", "npz") == 0
    assert np.array_equal(np.load(tmp_path / "a.npz")["images"], np.load(tmp_path / "b.npz")["images"])
    assert tool("film", folder, tmp_path / "film.gif") == 0


def test_a_translating_run_is_evaluated_as_in_training(folder, tmp_path):
    assert run_tool(["evaluate", str(folder), "--num", "40", "--cache", str(tmp_path)]) == 0
    found = json.loads((folder / "evaluation" / "00000002-40.json").read_text())
    metrics = json.loads((folder / "summary.json").read_text())["metrics"]
    assert found["samples"]["score"] == pytest.approx(metrics["metric/score"])
    assert found["test"]["score"] > 2  # real inverted digits can be read


REFUSED = {
    "translate latent": "translates nothing, its images are made of noise: use saddle sample",
    "sample latent data.root=x": "data.root=x: the images of ",
    "sample folder --truncation 1": "--truncation 1.0: ",
    "sample folder --label 1": "--label 1: ",
    "interpolate folder": "translates images: there is no latent to go through",
    "encode folder": "game=cyclegan trains no encoder",
    "translate folder data.flip=true": "data.flip=true: a run is measured on its own data; only data.root may be given",
}


@pytest.mark.parametrize(("line", "message"), REFUSED.items())
def test_what_says_nothing_is_refused_in_one_sentence(folder, latent, tmp_path, capsys, line, message):
    name, run, *options = line.split()
    settings = [option for option in options if "=" in option]
    others = [option for option in options if "=" not in option]
    path = {"folder": folder, "latent": latent}[run]
    assert run_tool([name, str(path), *settings, "--out", str(tmp_path / "no"), *others]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "no.png").exists()


def test_nothing_is_overwritten(folder, tmp_path, capsys):
    (tmp_path / "there.png").write_text("mine")
    assert tool("translate", folder, tmp_path / "there.png") == 2
    assert (tmp_path / "there.png").read_text() == "mine"
    assert "exists: choose another name" in capsys.readouterr().err
