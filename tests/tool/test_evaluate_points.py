"""One small run on points, and every tool on it."""

import csv
import json

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from helpers import checkpoint, differences, train
from saddle.cli.tools import run_tool
from saddle.metric.modes import captured
from saddle.tool.evaluate_points import is_of_points, point_data

SETTINGS = ["experiment=ring", "data.size=2000", "callback.points.every_iterations=10", "trainer.log_every_n_steps=5"]
SETTINGS += ["callback.samples.every_iterations=10", "callback.samples.points=50"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("points") / "run"
    result = train(*SETTINGS, "trainer.max_steps=20", f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    assert not any(word in result.stderr for word in ("Warning", "health", "not measured", "classifier"))
    assert "2,500 samples of the generator against Ring" in result.stdout
    return folder


def test_the_run_has_metrics_curves_and_pictures_of_points(run):
    summary = json.loads((run / "summary.json").read_text())
    assert {"metric/modes", "metric/high_quality", "metric/modes_kl", "metric/modes_js"} <= summary["metrics"].keys()
    assert summary["finished"]
    with (run / "metrics.csv").open() as file:
        assert [row["iteration"] for row in csv.DictReader(file) if row["metric/modes"]] == ["10", "20"]
    assert sorted(path.name for path in (run / "samples").iterdir())[-1] == "00000020.png"
    with Image.open(run / "samples" / "00000020.png") as shown:
        assert shown.size == (680, 600)
    events = EventAccumulator(str(run / "tensorboard")).Reload()
    assert "samples" in events.Tags()["images"]
    assert "metric/high_quality" in events.Tags()["scalars"]
    assert not (run / "checkpoints" / "best.ckpt").exists()


def test_evaluate_prints_the_metrics_of_training_beside_those_of_fresh_points(run, tmp_path, capsys):
    out = tmp_path / "metrics.json"
    assert run_tool(["evaluate", str(run), "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    trained = json.loads((run / "summary.json").read_text())["metrics"]
    assert {f"metric/{name}": value for name, value in found["samples"].items()} == {
        name: value for name, value in trained.items() if name.startswith("metric/")
    }
    assert found["data"]["modes"] == 8
    assert found["data"]["high_quality"] == pytest.approx(0.989, abs=0.007)
    assert f"{found['data']['high_quality']:.4f}" in capsys.readouterr().out
    assert run_tool(["evaluate", str(run), "--num", "200"]) == 0
    assert (run / "evaluation" / "00000020-200.json").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["data.root=x"], "a run on points is measured on its own data"),
        (["--extractor", "x.pth"], "--extractor x.pth reads images"),
        (["--num", "50"], "--num 50: too few to measure"),
    ],
)
def test_what_only_images_have_is_refused(run, options, reason, capsys):
    assert run_tool(["evaluate", str(run), *options]) == 2
    assert reason in capsys.readouterr().err


def test_points_in_a_file_are_refused(tmp_path, capsys):
    np.savez(tmp_path / "s.npz", points=np.zeros((300, 2), np.float32))
    assert run_tool(["evaluate", str(tmp_path / "s.npz"), "data=ring", "architecture=points"]) == 2
    assert "points are measured from their run alone" in capsys.readouterr().err


def test_samples_are_points_a_picture_or_a_refusal(run, tmp_path, capsys):
    out = tmp_path / "s.npz"
    assert run_tool(["sample", str(run), "--num", "300", "--format", "npz", "--out", str(out)]) == 0
    with np.load(out) as content:
        assert content.files == ["points"]
        points = content["points"]
    assert (points.shape, points.dtype) == ((300, 2), np.float32)
    assert run_tool(["sample", str(run), "--num", "300", "--out", str(tmp_path / "s.png")]) == 0
    with Image.open(tmp_path / "s.png") as shown:
        assert shown.size == (680, 600)
    capsys.readouterr()
    assert run_tool(["sample", str(run), "--format", "png", "--out", str(tmp_path / "files")]) == 2
    assert "makes points, not images: use grid or npz" in capsys.readouterr().err
    assert not (tmp_path / "files").exists()


def test_the_film_shows_the_pictures(run, tmp_path):
    assert run_tool(["film", str(run), "--out", str(tmp_path / "film.gif")]) == 0
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == len(list((run / "samples").iterdir())) == 6
        assert film.size == (680, 616)


def test_a_resumed_run_has_the_bits_of_one_that_was_never_stopped(run, tmp_path):
    folder = tmp_path / "run"
    assert train(*SETTINGS, "trainer.max_steps=7", f"hydra.run.dir={folder}").returncode == 0
    result = train(f"resume={folder}", "trainer.max_steps=20")
    assert result.returncode == 0, result.stderr
    for part in ("state_dict", "optimizer_states"):
        assert differences(checkpoint(run)[part], checkpoint(folder)[part]) == []


def test_a_run_on_points_is_known_by_its_checkpoint(run, tmp_path):
    assert is_of_points(run)
    assert is_of_points(run / "checkpoints" / "last.ckpt")
    assert not is_of_points(tmp_path)
    data = point_data(run / "checkpoints" / "last.ckpt")
    assert (data.size, len(data.modes)) == (2000, 8)
    assert captured(data.modes, data.modes, data.std).modes == 8
