import re
from functools import partial

import pytest
import torch

from helpers import Points, fit, small_module
from saddle.callback.progress import Progress, _rounded
from saddle.callback.scheduled import Patient
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.mean_matching import MeanMatching
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
    assert f"| D {float(module.played['discriminator'].terms['adversarial']):.3f}, G " in last
    assert re.search(r"\d\d:\d\d left", last)


def test_penalties_do_not_hide_the_adversarial_loss(capsys):
    objective = AdversarialObjective(NonSaturating(), {"mean_matching": MeanMatching(weight=1e3)})
    module = small_module(Adversarial(objective))
    fit(module, Points(), 3, [Progress()])
    terms = module.played["generator"].terms
    assert terms["mean_matching"] > 0.1
    assert f", G {float(terms['adversarial']):.3f}" in capsys.readouterr().err.split("\r")[-1]


class Narrow:
    """A terminal of so many columns."""

    def __init__(self, columns):
        self.columns = columns

    def __call__(self, stream):
        return self.columns, 24


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_losses_are_seen_in_a_narrow_terminal_and_no_line_is_longer(capsys, monkeypatch, columns):
    monkeypatch.setattr("tqdm.std._screen_shape_wrapper", lambda: Narrow(columns))
    fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points(), 21, [Progress()])
    drawn = [line.rstrip("\n") for line in capsys.readouterr().err.split("\r")]
    assert max(map(len, drawn)) <= columns
    assert re.search(r"(\.\d{3}|left|images/s|kimg|so far)$", drawn[-1])  # nothing is cut in the middle
    assert re.search(r"D -?\d+\.\d{3}, G -?\d+\.\d{3}", drawn[-1])
    assert ("left" in drawn[-1], "so far" in drawn[-1]) == (columns > 40, columns > 80)


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


@pytest.mark.parametrize(("steps", "said"), [(130, ["time      about 2 minutes at 8 images/s"]), (50, [])])
def test_a_line_says_once_how_long_a_run_takes_if_that_is_worth_it(capsys, monkeypatch, steps, said):
    watch = Watch()
    monkeypatch.setattr("saddle.callback.progress.time", watch)
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    fit(module, Points(), steps, [Seconds(watch), Progress(refresh_seconds=1e9)])
    lines = re.split(r"[\r\n]", capsys.readouterr().err)
    assert [line for line in lines if line.startswith("time")] == said


@pytest.mark.parametrize(
    ("seconds", "words"), [(60, "1 minute"), (600, "10 minutes"), (5400, "1.5 hours"), (259_200, "3.0 days")]
)
def test_an_estimate_is_rounded(seconds, words):
    assert _rounded(seconds) == words
