import json
import shlex
from types import SimpleNamespace

import pytest
import torch

from helpers import SMALL, Points, train
from quality_runs import METRICS, Digits, measured, module
from saddle.callback.closing import _meanings, _stamp_in_words, next_commands
from saddle.cli.tools import run_tool
from saddle.error import InputError
from saddle.metric.base import MetricInputs, Read
from saddle.metric.extractor import extractor_for
from saddle.metric.measure import measured as measured_by
from saddle.metric.reference import chosen
from saddle.terminal import COLUMNS


class WithTest(Digits):
    """The digits, and others that are held out."""

    def load_test(self):
        images, labels = self.load()
        return 255 - images[:30], labels[:30]


def rows_of(printed):
    """The rows of the table of metrics by name: words behind it."""
    return {words[0]: words[1:] for words in map(str.split, printed.splitlines()) if words[:1] and "/" in words[0]}


def test_each_metric_stands_beside_that_of_held_out_images_and_says_which_way_is_better(tmp_path, capsys):
    measured(tmp_path, module(), data=WithTest())
    extractor = extractor_for("auto", "mnist")
    images, labels = WithTest().load_test()
    real, _ = WithTest().load()
    shares = torch.bincount(WithTest().load()[1], minlength=10).double() / 60
    inputs = MetricInputs(Read(*extractor(chosen(real, 40))), Read(*extractor(images)), shares, labels)
    floor = {f"metric/{name}": value for name, value in measured_by(METRICS, inputs).items()}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["real"] == pytest.approx(floor)
    assert {name for name in summary["metrics"] if name.startswith("metric/")} <= set(floor)
    rows = rows_of(capsys.readouterr().out)
    assert rows["metric/frechet"] == [
        f"{summary['metrics']['metric/frechet']:.4f}",
        f"{summary['real']['metric/frechet']:.4f}",
        "smaller",
    ]
    assert rows["metric/score"][2] == "larger"


def test_without_held_out_images_each_metric_stands_beside_that_of_halves_of_the_training_images(tmp_path, capsys):
    measured(tmp_path, module())
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["real"] is None
    printed = capsys.readouterr().out
    assert "real data" not in printed
    assert "real halves" in printed
    assert rows_of(printed)["metric/frechet"][1:] == [f"{summary['halves']['metric/frechet']:.4f}", "smaller"]


def test_a_run_that_was_stopped_before_anything_was_measured_says_so(tmp_path):
    measured(tmp_path, module())
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert "training images, features of" in _stamp_in_words(summary, "")
    assert _stamp_in_words({**summary, "metrics": {"loss/generator": 1.0}}, "").startswith("not measured yet")


class WithoutFiles(Digits):
    """Data whose held-out images are not there."""

    def load_test(self):
        raise InputError("data.root: there is no t10k-images-idx3-ubyte")


def test_held_out_images_that_are_missing_end_no_run(tmp_path):
    measured(tmp_path, module(), data=WithoutFiles())
    assert json.loads((tmp_path / "summary.json").read_text())["real"] is None


def run_of(folder, *settings):
    """What a small run prints at its end; it begins in the folder above its own."""
    result = train("trainer.max_steps=2", *settings, f"hydra.run.dir={folder.name}", cwd=folder.parent)
    assert result.returncode == 0, result.stderr
    return result.stdout


def commands_in(printed):
    """The commands below `next`."""
    lines = printed.partition("  next    ")[2].splitlines()
    return [shlex.split(line)[1:] for line in lines if line]


RUNS = {
    "of a class": ([*SMALL, "architecture.conditional=true"], ["sample", "evaluate", "export"]),
    "unmeasured": ([*SMALL, "callback.quality.extractor=none", "game=vae"], ["sample", "film", "reconstruct"]),
    "ring": (["experiment=ring", "data.batch_size=64"], ["sample", "evaluate", "film"]),
}


@pytest.mark.parametrize("name", ["unmeasured", "ring", pytest.param("of a class", marks=pytest.mark.slow)])
def test_the_commands_at_the_end_work_as_they_stand(tmp_path, monkeypatch, name):
    settings, expected = RUNS[name]
    (tmp_path / "samples.png").touch()  # no command writes over it
    commands = commands_in(run_of(tmp_path / "it's", *settings))
    assert [command[0] for command in commands] == expected
    monkeypatch.chdir(tmp_path)
    for command in commands:
        assert run_tool(command) == 0, command
    assert (tmp_path / "samples-2.png").stat().st_size > 0


@pytest.mark.parametrize(("labels", "command"), [([0.2, 0.5, 0.3], "--label 'the cats'"), (None, "--num 64")])
def test_samples_are_asked_of_the_class_with_most_images(tmp_path, labels, command):
    network = module()
    quality = measured(tmp_path, network)
    network.generator.classes, network.label_shares = 0 if labels is None else 3, labels
    data = Points()
    data.classes, data.known_classes = 3, ("dogs", "the cats", "birds")
    trainer = SimpleNamespace(datamodule=SimpleNamespace(data=data), callbacks=[quality])
    first, second, _ = next_commands(trainer, network, tmp_path, {"stamp": quality.stamp})
    assert command in first
    assert second == f"saddle evaluate {tmp_path}"


@pytest.mark.parametrize("name", ["probability/D_x", "probability/real_above_fake", None])
def test_what_d_says_is_explained_where_it_says_something(name):
    lines = _meanings({"metrics": {} if name is None else {name: 0.5}})
    text = " ".join(lines)
    expected = {"probability/D_x": "sigmoids of D's logits", "probability/real_above_fake": "how often D ranks"}
    assert lines == [] if name is None else expected[name] in text
    assert all(len(line) <= COLUMNS for line in lines)
