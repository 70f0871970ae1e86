import csv
import json
import os
import signal

import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping
from torch import nn

from helpers import Points, SmallGenerator, differences, fit
from quality_runs import METRICS, Digits, measured, module
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.curves import Curves
from saddle.callback.quality import FRECHET, Quality
from saddle.callback.stop import StopOnSignal
from saddle.callback.summary import Summary
from saddle.data.ring import Ring
from saddle.error import InputError
from saddle.metric.base import Metric, MetricInputs, Read
from saddle.metric.extractor import extractor_for
from saddle.metric.measure import measured as measured_by
from saddle.metric.reference import chosen
from saddle.seed import hashed_seed
from saddle.training.checkpoint import read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.sampling import images_from
from systems import posix


def expected(network) -> dict[str, float]:
    extractor = extractor_for("auto", "mnist")
    samples = images_from(network.sampler(), 40, hashed_seed(network.seed, "quality"))
    real = chosen(Digits().load()[0], 40)
    read, labels = Read(*extractor(samples)), Digits().load()[1]
    shares = torch.bincount(labels, minlength=10).double() / len(labels)
    return measured_by(METRICS, MetricInputs(Read(*extractor(real)), read, shares))


def test_the_metrics_are_those_of_samples_against_training_images_and_stand_everywhere(tmp_path, capsys):
    network = module()
    quality = measured(tmp_path, network)
    found = {f"metric/{name}": pytest.approx(value) for name, value in expected(network).items()}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert {name: value for name, value in summary["metrics"].items() if name.startswith("metric/")} == found
    stamp = {"extractor": extractor_for("auto", "mnist").stamp, "real": 40, "generated": 40, "network": "generator"}
    assert summary["stamp"] == quality.stamp == stamp
    assert "40 samples of the generator, 40 training images, features of mnist-" in capsys.readouterr().out
    with (tmp_path / "metrics.csv").open() as file:
        rows = {int(row["iteration"]): row[FRECHET] for row in csv.DictReader(file)}
    assert [iteration for iteration, value in rows.items() if value] == [4, 8, 9]
    assert float(rows[9]) == found[FRECHET]


class Inverted(Digits):
    """The digits in another domain, which the classifier cannot read as they are."""

    def load(self):
        images, labels = super().load()
        return 255 - images, labels

    def readable(self, images):
        return 255 - images


def test_images_of_another_domain_are_read_as_the_classifier_expects_them(tmp_path):
    network = module()
    quality = measured(tmp_path, network, data=Inverted())
    extractor, real = extractor_for("auto", "mnist"), chosen(Digits().load()[0], 40)
    samples = images_from(network.sampler(), 40, hashed_seed(network.seed, "quality"))
    assert torch.equal(quality.real.features, extractor(real)[0])
    assert torch.equal(quality.latest.labels, extractor(255 - samples)[1].argmax(1))
    assert not torch.equal(quality.latest.features, extractor(samples)[0])


def test_training_is_the_same_with_and_without_it(tmp_path):
    with_it, without = module(), module()
    measured(tmp_path, with_it)
    fit(without, Points(), 9)
    assert torch.equal(with_it.generator.linear.weight, without.generator.linear.weight)


class Stopping(Digits):
    """Sends a signal while its third batch of samples is read: in the second comparison, after 8 iterations."""

    shown = 0

    def readable(self, images):
        self.shown += 1
        if self.shown == 3:  # once for the training images, once in each comparison
            os.kill(os.getpid(), signal.SIGTERM)
        return images


@posix
def test_a_comparison_that_a_signal_cuts_short_is_made_up_for(tmp_path):
    def run(name, data, steps=20, **flags):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        quality = Quality(str(folder), METRICS, num=40, every_images=32, cache=None)
        curves, last = Curves(str(folder / "metrics.csv")), LastCheckpoint(str(folder))
        flags |= {"plugins": [AtomicCheckpointIO()], "log_every_n_steps": 4, "enable_checkpointing": True}
        fit(module(record={}).double(), data, steps, [StopOnSignal(), curves, quality, last], **flags)
        return read_checkpoint(folder / "last.ckpt")

    straight = run("straight", Digits())
    cut = run("cut", Stopping())
    assert cut["global_step"] == 8
    assert cut["callbacks"]["Quality"]["interrupted"]
    resumed = run("cut", Digits(), ckpt_path=tmp_path / "cut" / "last.ckpt")
    assert differences(straight, resumed) == []
    metrics = []
    for name in ("straight", "cut"):
        with (tmp_path / name / "metrics.csv").open() as file:
            metrics.append({row["iteration"]: row[FRECHET] for row in csv.DictReader(file)})
    assert metrics[0] == metrics[1]
    assert all(metrics[0].values())


def test_where_no_metric_applies_the_run_says_so(tmp_path, capsys):
    quality = measured(tmp_path, module(), data=Points())
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["stamp"] is quality.stamp is None
    assert not any(name.startswith("metric/") for name in summary["metrics"])
    assert "metric  none: no extractor comes with saddle for this data" in capsys.readouterr().out
    assert not (tmp_path / "best.ckpt").exists()


class Broken(SmallGenerator):
    """Gives what is no number."""

    def forward(self, latent):
        return super().forward(latent) * torch.nan


def test_samples_that_are_not_finite_are_infinitely_bad_and_end_no_run(tmp_path):
    networks = {"generator": Broken(), "discriminator": nn.Sequential()}
    networks["discriminator"] = module().discriminator
    measured(tmp_path, module(networks=networks), steps=4)
    with (tmp_path / "metrics.csv").open() as file:
        assert [row[FRECHET] for row in csv.DictReader(file)] == ["inf"]
    assert json.loads((tmp_path / "summary.json").read_text())["metrics"][FRECHET] is None


def test_what_was_read_in_the_training_images_is_kept(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        measured(tmp_path / name, module(), steps=1, cache=str(tmp_path / "cache"))
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_bad_settings_are_refused(tmp_path):
    with pytest.raises(ValueError, match="num should be at least 4"):
        Quality(str(tmp_path), METRICS, num=3)
    with pytest.raises(InputError, match=r"nowhere\.safetensors"):
        Quality(str(tmp_path), METRICS, extractor="nowhere.safetensors").load(Digits())


class Asked(Metric):
    """The number of classes that samples were asked to show."""

    directions = {"asked": "larger"}
    needs = ("labels",)

    def measure(self, inputs):
        return {"asked": len(inputs.labels.unique())}


class Wrong(Metric):
    """Gives a name of which it said nothing."""

    directions = {"right": "larger"}

    def measure(self, inputs):
        return {"wrong": 1.0}


class Labeled(SmallGenerator):
    """A generator that takes labels."""

    classes = 10

    def forward(self, latent, labels):
        return super().forward(latent) + 0.01 * labels.view(-1, 1, 1, 1)


def test_metrics_of_ones_own_are_logged_and_without_the_frechet_distance_there_is_no_best_checkpoint(tmp_path):
    network = module(networks={"generator": Labeled(), "discriminator": module().discriminator})
    quality = Quality(str(tmp_path), {"asked": Asked()}, num=40, every_images=32, cache=None)
    fit(network, Digits(), 4, [quality, Summary(str(tmp_path))], plugins=[AtomicCheckpointIO()])
    assert network.trainer.callback_metrics["metric/asked"] == 10
    assert quality.best is None
    assert not (tmp_path / "best.ckpt").exists()


def test_a_metric_that_breaks_its_word_ends_the_run_in_a_sentence(tmp_path):
    quality = Quality(str(tmp_path), {"mine": Wrong()}, num=40, every_images=32, cache=None)
    with pytest.raises(InputError, match=r"^metric\.mine: Wrong gave wrong, which it does not declare"):
        fit(module(), Digits(), 4, [quality], plugins=[AtomicCheckpointIO()])


def test_points_are_left_to_their_own_callback_and_a_classifier_is_refused(tmp_path):
    ring = Ring(batch_size=8, seed=0)
    assert Quality(str(tmp_path), METRICS).load(ring) is None
    assert Quality(str(tmp_path), METRICS, extractor="none").load(ring) is None
    with pytest.raises(InputError, match=r"extractor=x\.safetensors reads images, and Ring delivers points"):
        Quality(str(tmp_path), METRICS, extractor="x.safetensors").load(ring)


def test_comparisons_come_at_growing_intervals_and_at_least_so_often():
    def due(**settings):
        quality, found, iteration = Quality("none", METRICS, **settings), [], 0
        while iteration < 20_000:
            iteration = quality.next_due(iteration, 64)
            found.append(iteration * 64)
        return found

    assert due()[:6] == [50_048, 100_032, 200_000, 500_032, 1_000_000, 1_500_032]
    assert due(every_images=30_000)[:4] == [30_016, 50_048, 60_032, 90_048]
    assert Quality("none", METRICS, every_images=None).next_due(0, 64) > 1 << 40


def test_lightnings_early_stopping_can_monitor_the_metric(tmp_path):
    epoch = 60 // 8
    stopping = EarlyStopping(FRECHET, patience=1, min_delta=1e9, verbose=False)  # nothing is better by so much
    network = module()
    quality = Quality(str(tmp_path), METRICS, num=40, every_images=32, cache=None)
    fit(network, Digits(), 9 * epoch, [quality, stopping], plugins=[AtomicCheckpointIO()])
    assert network.clock.iteration == 2 * epoch
    assert network.trainer.callback_metrics[FRECHET].item() == pytest.approx(expected(network)["frechet"])
