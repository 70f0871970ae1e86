from types import SimpleNamespace

import pytest
import torch
from lightning import Callback
from torch import nn

from helpers import Points, fit, small_module
from saddle.callback.budget import Budget
from saddle.callback.opening import Opening, data_in_words, length_in_words, networks_in_words
from saddle.callback.samples import SampleGrids
from saddle.data.ring import Ring
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.schedule import Schedule


def ours(lines):
    """The lines that are not Lightning's, which is quiet in a run of saddle."""
    labels = ("run  ", "data  ", "networks  ", "device  ", "length  ", "samples  ", "watch  ", "    ")
    return [line for line in lines if line.startswith(labels)]


class EndAtOnce(Callback):
    """Ends training after one iteration."""

    def on_train_batch_end(self, trainer, *_):
        trainer.should_stop = True


def module_and_lines(folder, capsys, steps=9, callbacks=(), changes=None, **flags):
    """A trained module, and the first lines of its run."""
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())), **(changes or {}))
    fit(module, Points(), steps, [Opening(str(folder), "points"), *callbacks], **flags)
    lines = capsys.readouterr().err.splitlines()
    return module, ours(lines)


def test_the_first_lines_say_what_is_about_to_happen(tmp_path, capsys):
    module, lines = module_and_lines(tmp_path, capsys)
    sizes = {name: sum(p.numel() for p in network.parameters()) for name, network in module.networks.items()}
    threads = torch.get_num_threads()
    assert lines == [
        f"run       {tmp_path}",
        "data      points: 60 images of 2x2 pixels, 1 channel, 10 classes; the networks",
        "          are not told them (architecture.conditional=false)",
        f"networks  generator {sizes['generator']}, discriminator {sizes['discriminator']} parameters",
        f"device    CPU, {threads} {'thread' if threads == 1 else 'threads'}; 64-true; eager executor",
        "length    9 iterations of 8 images, 72 in all",
    ]


@pytest.mark.parametrize(("horizon", "remark"), [(40, "; rates keep their last value from 40 on"), (72, "")])
def test_the_length_says_where_rates_stop_to_fall(horizon, remark):
    data = SimpleNamespace(data=SimpleNamespace(rows_are="images"))
    trainer = SimpleNamespace(max_steps=9, max_epochs=None, callbacks=[], datamodule=data)
    schedules = {"discriminator": Schedule(), "generator": Schedule("cosine", horizon_images=horizon)}
    text = length_in_words(trainer, SimpleNamespace(rows=8, schedules=schedules))
    assert text == f"9 iterations of 8 images, 72 in all{remark}"


def test_the_length_names_every_limit_and_says_when_there_is_none(tmp_path, capsys):
    flags = {"max_epochs": 2, "max_time": "00:01:00:00"}
    _, lines = module_and_lines(tmp_path, capsys, 9, [Budget(600.0)], **flags)
    assert lines[-3:] == [
        "length    the first of: 9 iterations of 8 images, 72 in all; 2 passes over the",
        "          data; 600 CPU seconds, more by the clock where other programs compute;",
        "          3,600 seconds",
    ]
    _, lines = module_and_lines(tmp_path, capsys, -1, [EndAtOnce(), SampleGrids(str(tmp_path / "samples"))])
    assert lines[-2:] == [
        "length    no limit: Ctrl-C ends the run with a checkpoint",
        f"samples   {tmp_path / 'samples'}",
    ]


@pytest.mark.parametrize(
    ("iteration", "words"), [(0, "a branch of outputs/a after iteration 0"), (3, "goes on after iteration 3")]
)
def test_a_run_that_does_not_begin_at_the_beginning_says_so(tmp_path, capsys, iteration, words):
    changes = {"record": {"branch": {"run": "outputs/a", "iteration": 0}}}
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())), **changes)
    module.clock.iteration = iteration
    fit(module, Points(), 9, [Opening(str(tmp_path), "points")])
    assert ours(capsys.readouterr().err.splitlines())[0] == f"run       {tmp_path}, {words}"


def test_points_have_no_pixels_and_no_labels():
    data = Ring(batch_size=8, seed=0)
    data.read()
    assert data_in_words(data, {}) == f"{data.rows_in_use():,} points, no labels"


def test_classes_are_named_where_their_names_are_no_numbers():
    data = Points()
    told = nn.Linear(1, 1)
    told.classes = 10
    assert data_in_words(data, {"generator": told}).endswith(", 1 channel, 10 classes")
    data.known_classes = tuple("abcdefghij")
    assert data_in_words(data, {"generator": told}).endswith(", 1 channel\n10 classes: a, b, c, d, e, f, g, h, i, j")


def test_frozen_parameters_are_counted_beside_all():
    network = nn.Sequential(nn.Linear(9, 10), nn.Linear(999, 1000))
    network[0].requires_grad_(False)
    assert networks_in_words({"discriminator": network}) == "discriminator 1.0M (100 frozen) parameters"
    assert networks_in_words({"code_discriminator": network[0]}) == "code discriminator 100 (100 frozen) parameters"


def test_other_processes_say_nothing(tmp_path, capsys, monkeypatch):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    trainer = fit(module, Points(), 1)
    monkeypatch.setattr(type(trainer), "is_global_zero", False)
    capsys.readouterr()
    Opening(str(tmp_path), "points").on_train_start(trainer, module)
    assert capsys.readouterr().err == ""
