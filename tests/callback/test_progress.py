import re
from functools import partial

import pytest
import torch

from helpers import Points, fit, small_module
from saddle.callback.progress import Progress
from saddle.callback.scheduled import Patient
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.compiled import Compiled


@pytest.mark.parametrize("flags", [{}, {"max_time": "00:01:00:00"}, {"max_epochs": 3, "max_steps": -1}])
def test_the_bar_shows_iteration_images_speed_losses_and_time_left(capsys, flags):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    steps = flags.pop("max_steps", 21)
    fit(module, Points(), steps, [Progress()], **flags)
    last = capsys.readouterr().err.split("\r")[-1]
    assert re.match(r"21/(21|\?) ", last)
    assert "0.2 kimg" in last
    assert re.search(r"[\d,]+ images/s", last)
    assert f"discriminator {float(module.played['discriminator'].terms['adversarial']):.3f}" in last
    assert re.search(r"\d\d:\d\d left", last)


class Watch:
    """A clock that stands still until it is told to go on."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Seconds(Patient):
    """A second for each block of iterations."""

    def __init__(self, watch):
        self.watch = watch

    def on_train_batch_end(self, *_):
        self.watch.now += 1


def test_the_first_block_which_may_compile_is_announced_and_left_out_of_the_speed(capsys, monkeypatch):
    watch = Watch()
    monkeypatch.setattr("saddle.callback.progress.time", watch)

    def compiled_for_a_minute(graph):
        watch.now += 60
        return graph

    module = small_module(
        Adversarial(AdversarialObjective(NonSaturating())),
        optimizers=dict.fromkeys(("discriminator", "generator"), torch.optim.Adam),
        make_executor=partial(Compiled, compiler=compiled_for_a_minute),
    )
    fit(module, Points(), 41, [Seconds(watch), Progress()])
    written = capsys.readouterr().err.split("\r")
    assert any("compiling an iteration" in line for line in written[:3])
    assert " 8 images/s" in written[-1]


def test_a_run_of_one_block_has_a_speed(capsys):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    fit(module, Points(), 1, [Progress()])
    assert re.search(r"[1-9][\d,]* images/s", capsys.readouterr().err.split("\r")[-1])
