import csv
import json

import pytest
import torch
from torch import nn

from helpers import Points, default_metrics, fit, small_module
from saddle.architecture.points import Discriminator, Generator
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import Quality
from saddle.callback.summary import Summary
from saddle.data.ring import Ring
from saddle.data.swiss_roll import SwissRoll
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.metric.modes import captured
from saddle.penalty.r1 import R1
from saddle.seed import hashed_seed
from saddle.training.ema import EMA
from saddle.training.sampling import images_from

METRICS = default_metrics()


def module(generator: nn.Module | None = None, **changes):
    torch.manual_seed(3)
    networks = {"generator": generator or Generator(hidden=[8]), "discriminator": Discriminator(hidden=[8])}
    return small_module(
        Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(1.0)})), networks=networks, **changes
    )


def measured(folder, network, data, steps=10, **settings):
    """The callback after training `network`, with metrics.csv and summary.json in `folder`."""
    points = PointQuality(METRICS, **{"num": 50, "every_iterations": 4, **settings})
    callbacks = [
        Curves(str(folder / "metrics.csv")),
        Quality(str(folder), METRICS),
        points,
        Health(),
        Summary(str(folder)),
    ]
    fit(network, data, steps, callbacks, log_every_n_steps=2)
    return points


def test_metrics_are_logged_at_their_cadence_and_at_the_end_and_are_those_of_the_samples(tmp_path, capsys):
    network, ring = module(ema=EMA()), Ring(batch_size=8, seed=0, size=200, std=0.25)
    measured(tmp_path, network, ring)
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["iteration"]) for row in rows if row["metric/modes"]] == [4, 8, 10]
    summary = json.loads((tmp_path / "summary.json").read_text())
    samples = images_from(network.sampler(), 50, hashed_seed(0, "quality"))
    found = captured(samples, ring.modes, 0.25)
    assert 0 < found.high_quality < 1  # so that other samples would have another share
    assert summary["metrics"]["metric/high_quality"] == found.high_quality
    assert summary["metrics"]["metric/modes"] == found.modes
    assert summary["stamp"] == {"points": "Ring", "std": 0.25, "generated": 50, "network": "average"}
    assert summary["data"]["image_size"] is None
    printed = capsys.readouterr().out
    assert "metric  50 samples of the average against Ring, std 0.25" in printed
    assert "classifier" not in printed
    assert not list(tmp_path.glob("*.ckpt"))


def test_a_generator_of_the_data_scores_as_the_data_does(tmp_path):
    class Perfect(Generator):
        def forward(self, latent):
            modes = Ring(batch_size=8, seed=0).modes.to(latent)
            which = (torch.special.ndtr(latent[:, 2]) * 8).long().clamp(0, 7)
            return modes[which] + 0.01 * latent[:, :2] + 0 * super().forward(latent)

    measured(tmp_path, module(Perfect(latent_dim=3, hidden=[8])), Ring(batch_size=8, seed=0, size=200), 2, num=2500)
    found = json.loads((tmp_path / "summary.json").read_text())["metrics"]
    assert found["metric/modes"] == 8
    assert found["metric/high_quality"] == pytest.approx(0.9889, abs=0.008)
    assert found["metric/modes_kl"] < 0.005


def test_a_swiss_roll_has_other_metrics_and_images_have_none(tmp_path):
    measured(tmp_path, module(), SwissRoll(batch_size=8, seed=0, size=200))
    found = json.loads((tmp_path / "summary.json").read_text())["metrics"]
    assert {name for name in found if name.startswith("metric/")} == {"metric/curve_distance", "metric/coverage"}
    (tmp_path / "images").mkdir()
    images = measured(tmp_path / "images", small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points())
    assert images.stamp is None
    assert "metric/modes" not in (tmp_path / "images" / "metrics.csv").read_text()


def test_it_changes_nothing_in_the_run(tmp_path):
    weights = []
    for every in (1, 1000):
        network = module()
        folder = tmp_path / str(every)
        folder.mkdir()
        measured(folder, network, Ring(batch_size=8, seed=0, size=200), every_iterations=every)
        weights.append(network.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="num should be at least 6"):
        PointQuality(METRICS, num=5)
