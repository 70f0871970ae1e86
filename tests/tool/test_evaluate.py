import csv
import json
import math
import shutil

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import checkpoint, differences, train, trained
from saddle.cli.tools import run_tool
from saddle.metric.extractor import extractor_for
from saddle.run.finished import FinishedRun
from saddle.seed import hashed_seed
from saddle.training.class_labels import labels_in_shares
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
    values = f"{found['samples']['frechet']:.4f}", f"{found['halves']['frechet']:.4f}", "smaller"
    assert ["frechet", *values] in [line.split() for line in printed.splitlines()]
    assert "This data holds out no test images. Real halves" in printed


def test_a_conditional_run_is_asked_for_classes(tmp_path):
    trained(tmp_path / "run", "trainer.max_steps=5", "architecture.conditional=true")
    assert evaluate(tmp_path / "run", tmp_path, "--num", "200") == 0
    found = json.loads((tmp_path / "run" / "evaluation" / "00000005-200.json").read_text())
    run = FinishedRun.open(tmp_path / "run")
    asked = labels_in_shares(run.data.label_shares().tolist(), 200)
    images = images_from(run.generator, 200, hashed_seed(run.seed, "quality"), asked)
    labels = extractor_for("auto", "mnist")(images)[1].argmax(1)
    assert found["samples"]["as_asked"] == int((labels == asked).sum()) / 200


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
    options = ("data=mnist", "data.limit=1000", "--scale", "1", "--out", str(tmp_path / "e.json"))
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
        (str(folder), "data.limit=5"): "a run is measured on its own data; leave it out",
        (str(folder), "--num", "3"): "--num 3: too few to measure: use at least 4",
        (
            str(folder),
            "--extractor",
            "none",
        ): "--extractor none: without an extractor nothing is measured",
        (str(folder), "--extractor", "nowhere.safetensors"): "nowhere.safetensors",
        (str(tmp_path / "none"),): "there is no such run folder or checkpoint",
        (str(folder), "--out", str(folder / "summary.json")): "choose another name",
    }
    for (path, *options), message in cases.items():
        assert evaluate(path, tmp_path, *options) == 2
        assert message in capsys.readouterr().err


def test_a_checkpoint_that_lies_in_no_run_is_measured_and_nothing_is_written_around_it(folder, tmp_path, capsys):
    alone = tmp_path / "elsewhere" / "deep" / "x.ckpt"
    alone.parent.mkdir(parents=True)
    shutil.copy(folder / "checkpoints" / "last.ckpt", alone)
    assert evaluate(alone, tmp_path / "cache", "--num", "100") == 0
    assert "100 samples (average) against" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "elsewhere").rglob("*")) == ["deep", "x.ckpt"]


def test_a_folder_of_any_kind_of_image_files_is_measured_and_a_run_with_pictures_in_it_is_a_run(
    folder, tmp_path, capsys
):
    assert run_tool(["sample", str(folder), "--num", "120", "--format", "png", "--out", str(tmp_path / "png")]) == 0
    (tmp_path / "jpg").mkdir()
    for path in (tmp_path / "png").iterdir():
        Image.open(path).save(tmp_path / "jpg" / f"{path.stem}.JPG", quality=95)
    assert evaluate(tmp_path / "jpg", tmp_path / "c", "data=digits", "data.image_size=20") == 0
    assert "120 samples (files) against" in capsys.readouterr().out
    shutil.copytree(folder, tmp_path / "run")
    shutil.copy(tmp_path / "png" / "000000.png", tmp_path / "run" / "grid.png")
    assert evaluate(tmp_path / "run", tmp_path / "c", "--num", "100") == 0
    assert "100 samples (average) against" in capsys.readouterr().out


# toy problems: one small run on points, and every tool on it

ON_POINTS = ["experiment=ring", "data.size=2000", "callback.points.every_iterations=10", "trainer.log_every_n_steps=5"]
ON_POINTS += ["callback.samples.every_iterations=10", "callback.samples.points=50"]


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    folder = tmp_path_factory.mktemp("points") / "run"
    result = train(*ON_POINTS, "trainer.max_steps=20", f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    assert not any(word in result.stderr for word in ("Warning", "health", "not measured", "classifier"))
    assert "2,500 samples of the generator against Ring" in result.stdout
    return folder


def test_the_run_has_metrics_curves_and_pictures_of_points(points):
    summary = json.loads((points / "summary.json").read_text())
    assert {"metric/modes", "metric/high_quality", "metric/modes_kl", "metric/modes_js"} <= summary["metrics"].keys()
    assert summary["finished"]
    with (points / "metrics.csv").open() as file:
        assert [row["iteration"] for row in csv.DictReader(file) if row["metric/modes"]] == ["10", "20"]
    assert sorted(path.name for path in (points / "samples").iterdir())[-1] == "00000020.png"
    with Image.open(points / "samples" / "00000020.png") as shown:
        assert shown.size == (680, 600)
    events = EventAccumulator(str(points / "tensorboard")).Reload()
    assert "1_pictures/samples" in events.Tags()["images"]
    assert "2_metrics/high_quality" in events.Tags()["scalars"]
    assert not (points / "checkpoints" / "best.ckpt").exists()


def test_evaluate_prints_the_metrics_of_training_beside_those_of_fresh_points(points, tmp_path, capsys):
    out = tmp_path / "metrics.json"
    assert run_tool(["evaluate", str(points), "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    trained = json.loads((points / "summary.json").read_text())["metrics"]
    assert {f"metric/{name}": value for name, value in found["samples"].items()} == {
        name: value for name, value in trained.items() if name.startswith("metric/")
    }
    assert found["data"]["modes"] == 8
    assert found["data"]["high_quality"] == pytest.approx(0.989, abs=0.007)
    assert f"{found['data']['high_quality']:.4f}" in capsys.readouterr().out
    assert run_tool(["evaluate", str(points), "--num", "200"]) == 0
    assert (points / "evaluation" / "00000020-200.json").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["data.root=x"], "a run on points is measured on its own data"),
        (["--extractor", "x.pth"], "--extractor x.pth: it reads images"),
        (["--num", "50"], "--num 50: too few to measure"),
    ],
)
def test_what_only_images_have_is_refused(points, options, reason, capsys):
    assert run_tool(["evaluate", str(points), *options]) == 2
    assert reason in capsys.readouterr().err


def test_points_in_a_file_are_refused(tmp_path, capsys):
    np.savez(tmp_path / "s.npz", points=np.zeros((300, 2), np.float32))
    assert run_tool(["evaluate", str(tmp_path / "s.npz"), "data=ring", "architecture=points"]) == 2
    assert "points are measured from their run alone" in capsys.readouterr().err


def test_samples_are_points_a_picture_or_a_refusal(points, tmp_path, capsys):
    out = tmp_path / "s.npz"
    assert run_tool(["sample", str(points), "--num", "300", "--format", "npz", "--out", str(out)]) == 0
    with np.load(out) as content:
        assert content.files == ["points"]
        values = content["points"]
    assert (values.shape, values.dtype) == ((300, 2), np.float32)
    assert run_tool(["sample", str(points), "--num", "300", "--out", str(tmp_path / "s.png")]) == 0
    with Image.open(tmp_path / "s.png") as shown:
        assert shown.size == (680, 600)
    capsys.readouterr()
    assert run_tool(["sample", str(points), "--format", "png", "--out", str(tmp_path / "files")]) == 2
    assert "makes points, not images: use grid or npz" in capsys.readouterr().err
    assert not (tmp_path / "files").exists()


def test_the_film_shows_the_pictures(points, tmp_path):
    assert run_tool(["film", str(points), "--out", str(tmp_path / "film.gif")]) == 0
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == len(list((points / "samples").iterdir())) == 6
        assert film.size == (680, 616)


def test_a_resumed_run_has_the_bits_of_one_that_was_never_stopped(points, tmp_path):
    folder = tmp_path / "run"
    assert train(*ON_POINTS, "trainer.max_steps=7", f"hydra.run.dir={folder}").returncode == 0
    result = train(f"resume={folder}", "trainer.max_steps=20")
    assert result.returncode == 0, result.stderr
    for part in ("state_dict", "optimizer_states"):
        assert differences(checkpoint(points)[part], checkpoint(folder)[part]) == []


@pytest.mark.parametrize("name", ["metrics.json", "metrics.png"])
def test_neither_the_metrics_nor_the_picture_beside_them_overwrite_a_file(folder, tmp_path, capsys, name):
    (tmp_path / name).write_text("mine")
    assert evaluate(folder, tmp_path / "cache", "--num", "100", "--out", str(tmp_path / "metrics.json")) == 2
    assert capsys.readouterr().err.startswith(f"--out {tmp_path / name} exists: choose another name")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"
