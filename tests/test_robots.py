"""A run on data whose factors are known, from training to its evaluation."""

import csv

import pytest
import torch

from helpers import train
from saddle.data.robots import Robots
from saddle.run.finished import FinishedRun


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robots") / "run"
    settings = ["data.size=64", "architecture=mlp", "architecture.conditional=true", "callback.quality.num=64"]
    result = train("data=robots", *settings, "trainer.max_steps=2", "trainer=cpu", f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.slow
def test_training_reports_modes_and_validity(run):
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    last = {name: float(value) for name, value in rows[-1].items() if value}
    assert 1 <= last["metric/modes"] <= 64
    assert last["metric/modes_kl"] > 1
    assert last["metric/valid"] == pytest.approx(last["metric/novel"] + last["metric/copied"])
    assert last["metric/valid"] < 0.5  # two iterations draw no robots


def test_evaluation_tells_test_robots_from_noise_and_from_copies(run, monkeypatch):
    monkeypatch.setattr(Robots, "test_size", 60)
    opened = FinishedRun.open(run)
    evaluation = opened.evaluate(64, cache=None)
    assert evaluation.samples["valid"] < 0.5
    assert evaluation.test["valid"] > 0.9
    assert evaluation.test["copied"] == 0.0
    assert evaluation.test["as_asked"] == 1.0  # of labels, which name colors, and not of modes
    assert evaluation.modes["number"] == 1000


def test_copies_of_the_training_set_are_called_so(run, monkeypatch):
    from saddle.factory.metrics import all_metrics
    from saddle.metric.evaluation import evaluate_images
    from saddle.metric.extractor import extractor_for

    monkeypatch.setattr(Robots, "test_size", 60)
    data = Robots(32, 3, 10, 4, seed=0, size=40)
    copies, labels = data.training()
    values = evaluate_images(copies, labels, data, extractor_for("auto", "robots"), None, all_metrics()).samples
    assert values["copied"] == pytest.approx(values["valid"])
    assert values["copied"] > 0.9
    assert values["as_asked"] == 1.0
    assert torch.equal(copies, data.drawn(data.codes()))
