"""Published values reach `trainer.callback_metrics`, so that callbacks of Lightning's and of one's own work on them."""

import csv
import re
from functools import partial

import pytest
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from helpers import SMALL, Points, checkpoint, default_metrics, fit, small_module, train
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.callback.quality import Quality
from saddle.callback.watching import make_patient
from saddle.config.compose import compose
from saddle.error import InputError
from saddle.factory.run import build
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.penalty.r1 import R1
from saddle.run.monitored import check_monitors
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.compiled import Compiled
from saddle.training.eager import Eager

EARLY = "+callback.early._target_=lightning.pytorch.callbacks.EarlyStopping"
NEVER_BETTER = ["+callback.early.patience=2", "+callback.early.min_delta=1e9"]
EPOCH = 1797 // 100
MEASURED_EVERY = 5
CURVES = ["loss/generator", "loss/discriminator/r1", "probability/D_x", "logit/fake", "images"]
FREQUENT = [*SMALL, "logger=none", "callback.quality.every_images=500", "callback.health.probe_iterations=5"]
FREQUENT += ["trainer.max_steps=80"]


class Digits(Points):
    """Points that are read by the classifier of MNIST."""

    extractor = "mnist"


class Recorder(Callback):
    """What each hook finds."""

    def __init__(self) -> None:
        self.found: dict[str, list[dict[str, float]]] = {}

    def _note(self, hook: str, trainer) -> None:
        self.found.setdefault(hook, []).append({k: float(v) for k, v in trainer.callback_metrics.items()})

    def on_train_start(self, trainer, module):
        self._note("start", trainer)

    def on_train_batch_end(self, trainer, module, *_):
        self._note("batch", trainer)

    def on_train_epoch_end(self, trainer, module):
        self._note("epoch", trainer)

    def on_train_end(self, trainer, module):
        self._note("end", trainer)


def module(**changes):
    return small_module(Adversarial(AdversarialObjective(NonSaturating(), {"r1": R1(weight=1.0)})), **changes)


def callbacks(folder, *more: Callback) -> list[Callback]:
    quality = Quality(str(folder), default_metrics(), num=40, every_images=32, cache=None)
    health = Health(every_iterations=4, probe_iterations=4)
    own = [Curves(str(folder / "m.csv")), quality, health, *more]
    make_patient(own)
    return own


def rows(path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


COMPILED = partial(Compiled, compiler=lambda graph: graph)


@pytest.mark.parametrize("executor", [Eager, COMPILED], ids=["eager", "compiled"])
def test_every_column_is_found_by_a_callback_of_ones_own_in_each_hook(tmp_path, executor):
    adam = dict.fromkeys(("discriminator", "generator"), partial(torch.optim.Adam, lr=0.1))
    recorder, network = Recorder(), module(make_executor=executor, optimizers=adam)
    trainer = fit(
        network, Digits(), 17, callbacks(tmp_path, recorder), log_every_n_steps=4, plugins=[AtomicCheckpointIO()]
    )
    columns = rows(tmp_path / "m.csv")[-1].keys() - {"iteration"}
    assert {*CURVES, "metric/frechet", "health/duplicates", "learning_rate/generator"} <= columns
    assert columns <= recorder.found["end"][-1].keys()
    assert columns <= {k for found in recorder.found["epoch"] for k in found}
    for row in rows(tmp_path / "m.csv")[:-1]:
        found = recorder.found["batch"][int(row["iteration"]) - 1]
        for name in CURVES:
            assert found[name] == pytest.approx(float(row[name]))
    assert all(value.device.type == "cpu" for value in trainer.callback_metrics.values())


def test_at_the_end_of_an_epoch_losses_are_those_of_its_last_iteration(tmp_path):
    recorder, network = Recorder(), module()
    losses = []

    class Losses(Callback):
        def on_train_batch_end(self, trainer, module, *_):
            losses.append(float(sum(module.played["generator"].terms.values())))

    fit(network, Digits(), 21, [Curves(str(tmp_path / "m.csv")), Losses(), recorder], log_every_n_steps=1000)
    assert [found["loss/generator"] for found in recorder.found["epoch"]] == pytest.approx(losses[6::7])


def test_a_resumed_run_finds_what_the_first_one_knew(tmp_path):
    flags = {"log_every_n_steps": 4, "plugins": [AtomicCheckpointIO()]}
    first = fit(module(), Digits(), 10, callbacks(tmp_path), **flags)
    first.save_checkpoint(tmp_path / "last.ckpt")
    recorder = Recorder()
    fit(module(), Digits(), 11, callbacks(tmp_path, recorder), ckpt_path=tmp_path / "last.ckpt", **flags)
    written = {name: float(value) for name, value in first.callback_metrics.items()}
    assert {"metric/frechet", "health/duplicates", "loss/generator"} <= written.keys()
    assert recorder.found["start"][0] == pytest.approx(written)


@pytest.mark.parametrize("block", [1, 7])
def test_early_stopping_judges_a_measured_value_once(tmp_path, block):
    stopping = EarlyStopping("metric/frechet", patience=2, min_delta=1e9)  # nothing is better by so much
    network = module()
    own = callbacks(tmp_path, stopping)
    fit(network, Digits(), 100, own, block=block, log_every_n_steps=4, plugins=[AtomicCheckpointIO()])
    assert network.clock.iteration == 12  # measured at 4, 8 and 12


@pytest.mark.parametrize("name", ["loss/generator", "loss/discriminator/r1", "probability/D_x", "logit/real"])
def test_early_stopping_judges_a_curve_at_the_end_of_each_epoch(tmp_path, name):
    stopping = EarlyStopping(name, patience=2, min_delta=1e9)
    network = module()
    fit(network, Digits(), 100, callbacks(tmp_path, stopping), log_every_n_steps=50, plugins=[AtomicCheckpointIO()])
    assert network.clock.iteration == 3 * 7


@pytest.mark.parametrize("name", ["metric/frechet", "health/duplicates"])
def test_a_checkpoint_by_a_measured_value_is_of_the_iteration_in_which_it_was_measured(tmp_path, name):
    keep = ModelCheckpoint(tmp_path, filename="{step}", monitor=name, save_top_k=-1)
    own = callbacks(tmp_path, keep)
    fit(module(), Digits(), 18, own, log_every_n_steps=4, enable_checkpointing=True, plugins=[AtomicCheckpointIO()])
    measured = [int(row["iteration"]) for row in rows(tmp_path / "m.csv") if row[name]]
    kept = [torch.load(path, weights_only=True)["global_step"] for path in tmp_path.glob("step=*.ckpt")]
    assert sorted(kept) == measured
    values = sorted(float(row[name]) for row in rows(tmp_path / "m.csv") if row[name])
    assert sorted(float(value) for value in keep.best_k_models.values()) == pytest.approx(values)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("overrides", "monitor", "iterations"),
    [
        ([], "metric/frechet", 15),
        (["training.block=8"], "metric/score", 15),
        (["trainer.log_every_n_steps=50"], "loss/discriminator", 3 * EPOCH),
        (["data=ring", "architecture=points", "callback.points.every_iterations=5"], "metric/modes", 15),
        (["game=bigan", "callback.game.every_images=500"], "metric/reconstruction_error", 15),
        (["trainer=ddp_cpu", "trainer.devices=2"], "metric/frechet", 15),
    ],
)
def test_a_run_from_the_command_line_stops_early(tmp_path, overrides, monitor, iterations):
    path = tmp_path / "run"
    watch = [EARLY, f"+callback.early.monitor={monitor}", "+callback.early.mode=min", *NEVER_BETTER]
    result = train(*FREQUENT, f"hydra.run.dir={path}", *overrides, *watch)
    assert result.returncode == 0, result.stderr
    assert checkpoint(path)["global_step"] == iterations
    assert f"  stopped Monitored metric {monitor} did not improve in the last 2 records" in result.stdout


@pytest.mark.parametrize(
    ("overrides", "monitor"),
    [
        ([], "metric/frechat"),
        ([], "val_loss"),
        ([], "loss/critic"),
        ([], "probability/D_x"),  # the default loss compares logits
        (["callback.quality.extractor=none"], "metric/frechet"),
        (["~callback.quality"], "metric/frechet"),
        (["metric=kernel"], "metric/frechet"),
        (["data=ring", "architecture=points"], "metric/frechet"),
        (["~callback.health"], "health/duplicates"),
        (["game=adversarial_autoencoder"], "logit/real"),  # D sees codes and no images
    ],
)
@pytest.mark.parametrize("kind", ["EarlyStopping", "ModelCheckpoint"])
def test_what_will_never_come_is_refused_with_what_will(overrides, monitor, kind):
    watch = [f"+callback.early._target_=lightning.pytorch.callbacks.{kind}", f"+callback.early.monitor={monitor}"]
    config = compose(["data=digits", "architecture=mlp", *overrides, *watch])
    run = build(config)
    start = re.escape(f"callback.early.monitor={monitor}: this run does not measure that; choose one of ")
    with pytest.raises(InputError, match=start + ".*loss/generator"):
        check_monitors(config.callback, run.trainer, run.module, run.data, run.parts.metrics)


@pytest.mark.parametrize("kind", ["EarlyStopping", "ModelCheckpoint"])
def test_what_lightning_refuses_of_a_callback_is_named(kind):
    watch = [f"+callback.early._target_=lightning.pytorch.callbacks.{kind}", "+callback.early.monitor=loss/generator"]
    config = compose(["data=digits", "architecture=mlp", *watch, "+callback.early.mode=minimum"])
    with pytest.raises(InputError, match=r"^callback.early: `mode` can be min, max.* got minimum$"):
        build(config)


def test_it_is_one_sentence_before_training(tmp_path):
    result = train(*FREQUENT, f"hydra.run.dir={tmp_path / 'run'}", EARLY, "+callback.early.monitor=val_loss")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("callback.early.monitor=val_loss: this run does not measure that; choose one of ")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_value_that_comes_late_is_waited_for_also_after_resume(tmp_path):
    late = [*FREQUENT, "callback.quality.every_images=null", EARLY, "+callback.early.monitor=metric/frechet"]
    path = tmp_path / "run"
    result = train(*late, f"hydra.run.dir={path}", "trainer.max_steps=40")
    assert result.returncode == 0, result.stderr
    result = train(f"resume={path}", "trainer.max_steps=60")
    assert result.returncode == 0, result.stderr
    assert checkpoint(path)["global_step"] == 60


def test_a_choice_of_the_users_is_kept():
    watch = [EARLY, "+callback.early.monitor=metric/frechet", "+callback.early.check_on_train_epoch_end=true"]
    (early,) = (c for c in build(compose(["data=digits", *watch])).trainer.callbacks if isinstance(c, EarlyStopping))
    assert early._check_on_train_epoch_end is True
