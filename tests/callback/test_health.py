import json
import math
from types import SimpleNamespace

import lightning
import pytest
from lightning import Callback

from helpers import SMALL, Points, checkpoint, differences, fit, small_module, train
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.callback.quality import FRECHET, Quality
from saddle.data.digits import Digits
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.r1 import R1
from saddle.training.checkpoint import read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.data_module import GameDataModule
from watching import Deaf, digits_module, watched


class Measures(Callback):
    """Puts a metric beside the curves, as Quality does."""

    def __init__(self, metrics: dict[int, float]) -> None:
        self.metrics = metrics

    def on_train_batch_end(self, trainer, module, *_):
        if module.clock.iteration in self.metrics:
            curves = next(callback for callback in trainer.callbacks if isinstance(callback, Curves))
            curves.add(module.clock.iteration, {FRECHET: self.metrics[module.clock.iteration]})


@pytest.mark.parametrize(
    ("metrics", "rings"),
    [
        ([9.0, 4.0, 7.0, 8.0, 7.0, 9.0], True),  # above 6 in three comparisons in a row
        ([9.0, 4.0, 7.0, 8.0, 5.5, 7.0, 8.0], False),
        ([9.0, 4.0, 5.9, 5.9, 5.9, 5.9], False),
    ],
)
def test_a_metric_that_rises_for_long(tmp_path, metrics, rings):
    measures = Measures({5 * (i + 1): metric for i, metric in enumerate(metrics)})
    game = Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(0.5)}))
    alarms, _, _ = watched(tmp_path, digits_module(game), 40, measures, probe_iterations=1000)
    assert alarms == ({"quality"} if rings else set())


def test_an_alarm_ends_the_run_with_a_checkpoint_where_that_is_asked(tmp_path):
    module = digits_module(Adversarial(AdversarialObjective(NonSaturating())), Deaf)
    _, _, health = watched(tmp_path, module, 400, stop=True)
    assert module.clock.iteration == 200  # the fifth probe, after 10, 50, 100 and 150
    assert health.sentence.startswith("G collapses")
    assert health.sentence.endswith("(iteration 200)")


def test_training_is_the_same_with_and_without_it(tmp_path):
    first, second = (
        digits_module(Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(0.5)}))) for _ in range(2)
    )
    watched(tmp_path, first, 60, probe_iterations=10)
    fit(second, Digits(8, 1, 10, 32, 0), 60, precision="32-true")
    assert differences(first.state_dict(), second.state_dict()) == []


def test_a_resumed_run_knows_what_was_seen(tmp_path):
    def go(steps: int, name: str, path=None) -> dict:
        health = Health(every_iterations=5, probe_iterations=20)
        flags = {"accelerator": "cpu", "devices": 1, "logger": False, "enable_progress_bar": False, "max_epochs": -1}
        flags |= {"log_every_n_steps": 10, "enable_model_summary": False, "plugins": [AtomicCheckpointIO()]}
        curves = Curves(str(tmp_path / name / "metrics.csv"))
        (tmp_path / name).mkdir(exist_ok=True)
        callbacks = [curves, Measures({25: 3.0, 55: 2.0}), LastCheckpoint(str(tmp_path / name)), health]
        trainer = lightning.Trainer(max_steps=steps, use_distributed_sampler=False, callbacks=callbacks, **flags)
        module = digits_module(Adversarial(AdversarialObjective(NonSaturating())), Deaf)
        trainer.fit(module, datamodule=GameDataModule(Digits(8, 1, 10, 32, 0)), ckpt_path=path, weights_only=True)
        return read_checkpoint(tmp_path / name / "last.ckpt")["callbacks"]["Health"]

    whole = go(90, "whole")
    go(47, "halves")
    again = go(90, "halves", tmp_path / "halves" / "last.ckpt")
    assert differences(whole, again) == []
    assert whole["alarms"]["duplicates"] == {"patience": 5, "count": 5, "ringing": True}  # 10, 20, 40, 60 and 80
    assert len(whole["separations"]) == 18
    assert whole["best"] == 2.0
    assert whole["largest_signal"] > 0


def test_a_ratio_that_bounds_nothing_is_refused():
    with pytest.raises(ValueError, match="gradient_ratio=1"):
        Health(gradient_ratio=1)


def test_a_fast_development_run_is_not_judged(tmp_path):
    health = Health(every_iterations=1, probe_iterations=1)
    fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points(), 5, [health], fast_dev_run=True)
    assert health.state_dict()["separations"] == []


def test_exit_codes_and_the_command_that_goes_on(tmp_path):
    broken = train(*SMALL, "optimizer.lr=1e30", "trainer.max_steps=8", f"hydra.run.dir={tmp_path / 'a'}")
    assert broken.returncode == 1
    assert broken.stderr.splitlines()[-1].startswith("training failed: loss/")
    assert "Traceback" not in broken.stderr
    assert not (tmp_path / "a" / "checkpoints").exists()
    closely = ["callback.health.every_iterations=5", "callback.health.probe_iterations=5"]
    folder = tmp_path / "b"
    stopped = train(*SMALL, *closely, "callback.health.stop=true", f"hydra.run.dir={folder}", "trainer.max_steps=30")
    assert stopped.returncode == 1
    last = stopped.stderr.splitlines()[-1]
    assert last.startswith("training failed: G collapses: 100% of its samples")
    assert checkpoint(folder)["global_step"] == 25
    assert json.loads((folder / "summary.json").read_text())["finished"] is False
    again = last.split("go on with: python train.py ")[1].split()
    assert again == [f"resume={folder}", "callback.health.stop=false"]
    resumed = train(*again)
    assert resumed.returncode == 0, resumed.stderr
    assert "of its samples nearly equal" not in resumed.stderr  # this alarm rang before
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["iterations"], summary["finished"]) == (30, True)
    assert math.isfinite(summary["metrics"]["loss/generator"])


def test_where_the_best_checkpoint_begins_anew_the_alarm_does_too(tmp_path, capsys):
    health, quality = Health(evaluations=1), Quality(str(tmp_path), {}, cache=None)
    health.load_state_dict({**health.state_dict(), "best": 1.0})
    curves = Curves(str(tmp_path / "metrics.csv"))
    network = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    curves.latest = {"iteration": network.clock.iteration, FRECHET: 9.0}
    trainer = SimpleNamespace(callbacks=[curves, quality, health], is_global_zero=True, should_stop=False)
    quality.best = 9.0  # measured otherwise than the 1.0 before
    health._judge_quality(trainer, network)
    assert (health._best, health.alarms["quality"].ringing) == (9.0, False)
