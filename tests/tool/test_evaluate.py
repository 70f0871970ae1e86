import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import trained
from saddle.cli.tools import run_tool
from saddle.metric.extractor import extractor_for
from saddle.seed import hashed_seed
from saddle.tool.sample import load_generator
from saddle.training.checkpoint import MARK, read_checkpoint
from saddle.training.sampling import images_from


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "run"
    trained(path, "trainer.max_steps=5", "data.image_size=20")
    return path


def evaluate(path, cache, *options: str) -> int:
    return run_tool(["evaluate", str(path), *options, "--cache", str(cache)])


def test_a_run_gets_all_metrics_and_agrees_with_what_training_measured(folder, tmp_path, capsys):
    assert evaluate(folder, tmp_path, "--num", "100") == 0
    found = json.loads((folder / "evaluation" / "00000005-100.json").read_text())
    metrics = json.loads((folder / "summary.json").read_text())["metrics"]
    assert found["stamp"]["generated"] == 100
    assert found["stamp"]["network"] == "average"
    for name in ("score", "histogram"):  # of samples alone, or of classes: training compared with 100 images
        assert name in found["samples"]
    assert found["samples"]["score"] == pytest.approx(metrics["metric/score"])
    promised = {"frechet", "kernel", "kernel_error", "precision", "recall", "density", "coverage", "entropy", "modes"}
    assert promised <= found["samples"].keys()
    printed = capsys.readouterr().out
    assert "100 samples (average) against 1,797 training images, features of mnist-" in printed
    assert f"{found['samples']['frechet']:.4f}" in printed


def test_a_conditional_run_is_asked_for_classes(tmp_path):
    trained(tmp_path / "run", "trainer.max_steps=5", "architecture.conditional=true")
    assert evaluate(tmp_path / "run", tmp_path, "--num", "200") == 0
    found = json.loads((tmp_path / "run" / "evaluation" / "00000005-200.json").read_text())
    generator = load_generator(tmp_path / "run" / "checkpoints" / "last.ckpt")
    record = read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt")[MARK]["record"]
    images = images_from(generator, 200, hashed_seed(record["seed"], "quality"))
    labels = extractor_for("auto", "mnist")(images)[1].argmax(1)
    assert found["samples"]["as_asked"] == int((labels == torch.arange(200) % 10).sum()) / 200


def test_files_are_measured_like_the_run_that_made_them(folder, tmp_path, capsys):
    draw = ["sample", str(folder), "--num", "120"]
    assert run_tool([*draw, "--format", "npz", "--out", str(tmp_path / "s.npz")]) == 0
    assert run_tool([*draw, "--format", "png", "--out", str(tmp_path / "png")]) == 0
    for name in ("s.npz", "png"):
        out = tmp_path / f"{name}.json"
        assert evaluate(tmp_path / name, tmp_path / "c", "data=digits", "data.image_size=20", "--out", str(out)) == 0
    first, second = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("s.npz", "png"))
    assert first["samples"] == pytest.approx(second["samples"], rel=1e-5)
    assert first["stamp"]["network"] == "files"


def test_real_test_images_stand_beside_and_neighbors_are_shown(mnist_root, tmp_path, capsys):
    from saddle.data.mnist import Mnist

    images = Mnist(mnist_root, 28, 1, 10, 64, seed=0, limit=1000).training()[0]
    np.savez(tmp_path / "copies.npz", images=images[:100].permute(0, 2, 3, 1).numpy())
    options = ("data=mnist", "data.limit=1000", "--out", str(tmp_path / "e.json"))
    assert evaluate(tmp_path / "copies.npz", tmp_path / "cache", *options) == 0
    found = json.loads((tmp_path / "e.json").read_text())
    assert found["samples"]["copies"] == 1.0
    assert found["samples"]["neighbor_ratio"] == pytest.approx(0.0, abs=1e-3)
    assert found["test"]["frechet"] > 0
    assert found["stamp"]["training"] == 1000
    assert found["modes"] == {"number": 10, "entropy": pytest.approx(math.log(10), abs=0.01)}
    assert "10 modes, entropy of their shares in the data 2." in capsys.readouterr().out
    shown = np.asarray(Image.open(tmp_path / "e.png").convert("L"))
    assert shown.shape == (62, 482)
    assert np.array_equal(shown[2:30, 2:30], shown[32:60, 2:30])  # a copy above what it copies


def test_bad_input_is_refused_in_a_sentence(folder, tmp_path, capsys):
    cases = {
        (str(folder), "data.limit=5"): "a run is measured on its own data; only data.root may be given",
        (str(folder), "--extractor", "none"): "no metric applies: no classifier comes with saddle for Digits",
        (str(folder), "--extractor", "nowhere.safetensors"): "nowhere.json",
        (str(tmp_path / "none"),): "there is no such run folder or checkpoint",
        (str(folder), "--out", str(folder / "summary.json")): "choose another name",
    }
    for (path, *options), message in cases.items():
        assert evaluate(path, tmp_path, *options) == 2
        assert message in capsys.readouterr().err
