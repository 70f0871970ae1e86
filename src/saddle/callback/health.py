"""Watches for signs that a GAN is about to fail, and warns in words."""

import sys
from dataclasses import asdict
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from tqdm import tqdm

from saddle.bound import Count, Fraction, Positive
from saddle.callback.alarm import CLASSES, Alarm, conditions
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.curves import Curves
from saddle.callback.finite import Losses, all_finite, where_not_finite
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.monitor import Monitor
from saddle.callback.publish import publish, publish_text
from saddle.callback.quality import FRECHET, Quality
from saddle.callback.scheduled import Scheduled
from saddle.callback.stop import end, stopped
from saddle.callback.watching import HEALTH, let_judge
from saddle.error import Failed
from saddle.file import relative
from saddle.game.turn import Batch
from saddle.metric.classes import effective_classes
from saddle.training.due import next_multiple
from saddle.training.module import GameModule

READINGS = ("separation", "signal", "input_gradient_real", "input_gradient_fake", "duplicates", "neighbors")
"""What probes read, where it can be taken."""

_SMALLEST_SCALE = 1e-6  # a gradient scaler begins with 65536 and halves at every overflow


class Health(Scheduled):
    """Warns on stderr and in TensorBoard, once per alarm until it clears; with `stop` the first alarm ends the run.

    Losses, weights, averages and optimizer states that are not finite always end the run, with `Failed`. They are
    checked every `every_iterations` and before any checkpoint is written, so that checkpoints on disk are sound. With a
    gradient scaler losses may overflow now and then; there only weights are checked, and overflows that do not end.

    Probes come at the first logged iteration and then every `probe_iterations` (at the next logged one). One pass in
    evaluation mode and 256 samples of the averaged generator give the readings that `saddle.callback.alarm.conditions`
    judges and that are logged as health/*: D's `separation` of real and generated images over the last 20 checks; D's
    input gradients at both, where a ratio beyond `gradient_ratio` either way is an alarm (Mescheder et al. 2018, arXiv
    1801.04406, and Thanh-Tung et al. 2019, arXiv 1902.03984); the gradient that G receives; and the share of samples
    with a twin, where `duplicates` and more is an alarm.

    Two more alarms ring after comparisons of sample quality: when metric/frechet exceeds its best by more than the
    share `rise` in `evaluations` comparisons in a row, and when the entropy of the classes predicted for samples is at
    most 0.7 of that for training images (5 classes of 10, in effect) in two.

    The callback draws no random numbers and changes no state of the game, so a run is the same with and without it.
    """

    def __init__(
        self,
        stop: bool = False,
        every_iterations: Count = 50,
        probe_iterations: Count = 500,
        duplicates: Fraction = 0.5,
        gradient_ratio: Positive = 10.0,
        rise: Positive = 0.5,
        evaluations: Count = 3,
    ) -> None:
        if gradient_ratio <= 1:
            raise ValueError(f"gradient_ratio={gradient_ratio} should be above 1: it bounds the ratio either way")
        self.stop, self.every_iterations, self.probe_iterations = stop, every_iterations, probe_iterations
        self.rise = rise
        self.conditions = conditions(duplicates, gradient_ratio)
        self.alarms = {name: Alarm(condition.patience) for name, condition in self.conditions.items()}
        self.alarms["quality"] = Alarm(evaluations)
        self.sentence: str | None = None
        """What ended the run, or None."""
        self.has_rung = False
        """Whether there was an alarm in this process, or a number that was not finite."""
        self._monitor = Monitor()
        self._best: float | None = None
        self._losses: Losses = []
        self._has_few_classes = False

    def ringing(self) -> list[str]:
        """The names of the alarms that ring now."""
        names = [name for name, alarm in self.alarms.items() if alarm.ringing]
        return [*names, "classes"] if self._has_few_classes else names

    # state in checkpoints

    def state_dict(self) -> dict[str, Any]:
        return {
            "alarms": {name: asdict(alarm) for name, alarm in self.alarms.items()},
            "best": self._best,
            **self._monitor.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, alarm in state["alarms"].items():
            self.alarms[name].count, self.alarms[name].ringing = alarm["count"], alarm["ringing"]
        self._best = state["best"]
        self._monitor.load_state_dict(state)

    # hooks

    def next_due(self, iteration: int, rows: int) -> int:
        return next_multiple(iteration, self.every_iterations)  # probes come with logged rows

    @hook
    def on_train_batch_end(
        self, trainer: GameTrainer, module: GameModule, outputs: Any, batch: Batch, batch_index: int
    ) -> None:
        done = module.clock.iteration
        self._losses.append((done, {name: played.terms for name, played in module.played.items()}))
        probing, checking = self._is_probed(trainer, done), done % self.every_iterations == 0
        if checking or probing:
            self.check(trainer, module)
        if not trainer.fast_dev_run:
            if checking and trainer.is_global_zero:
                self._monitor.note_separation(module)
            if probing:
                self._probe(trainer, module, batch[-1] if isinstance(batch, list) else batch)
            if trainer.is_global_zero:
                self._judge_quality(trainer, module)
        if checking and self.stop:
            self._stop(trainer)

    @hook
    def on_save_checkpoint(self, trainer: GameTrainer, module: GameModule, checkpoint: dict[str, Any]) -> None:
        self.check(trainer, module)  # before anything is written

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        self.check(trainer, module)
        if trainer.is_global_zero and not trainer.fast_dev_run and not stopped(trainer):
            self._judge_last_classes(trainer, module)

    def _is_probed(self, trainer: GameTrainer, done: int) -> bool:
        """Whether a probe is due: at logged iterations only, so that its curves share their rows.

        A function of the iteration, so that a resumed run probes at the same ones.
        """
        every = trainer.log_every_n_steps
        period_began = done // self.probe_iterations > (done - every) // self.probe_iterations
        return done % every == 0 and (period_began or done == every)

    # numbers that are not finite

    def check(self, trainer: GameTrainer, module: GameModule) -> None:
        """Raise Failed if anything is not finite; on every rank if on one."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        losses = self._losses if scaler is None else []
        reason = None
        if not all_finite(module, losses):
            reason = where_not_finite(module, losses)
        elif scaler is not None and scaler.get_scale() < _SMALLEST_SCALE:
            reason = f"gradients overflow in half precision even at a loss scale of {scaler.get_scale():.0e}"
        self._losses = []
        broken = reason is not None
        if trainer.world_size > 1:
            broken = trainer.strategy.reduce_boolean_decision(broken, all=False)
        if broken:
            self.sentence = f"{reason or 'another rank found numbers that are not finite'}. {_last_good(trainer)}"
            self._show(trainer, module, "not_finite", self.sentence, on_stderr=False)
            raise Failed(self.sentence)

    # readings and alarms

    def _probe(self, trainer: GameTrainer, module: GameModule, batch: Batch) -> None:
        """Publish readings of the first rank on all ranks; the first one judges them."""
        readings = self._monitor.take(module, batch, trainer.datamodule) if trainer.is_global_zero else {}
        curves = {f"{HEALTH}{name}": value for name, value in readings.items() if name != "real_duplicates"}
        curves = publish(trainer, module.clock.iteration, curves)
        if trainer.is_global_zero:
            self._judge(trainer, module, readings | self._monitor.ratios(readings))
        let_judge(trainer, module, curves)

    def _judge(self, trainer: GameTrainer, module: GameModule, readings: dict[str, float]) -> None:
        for name, condition in self.conditions.items():
            if not readings.keys() >= set(condition.needs):
                continue
            if self.alarms[name].observe(condition.bad(readings), condition.fine(readings)):
                self._ring(trainer, module, name, condition.text.format(**readings))

    def _judge_quality(self, trainer: GameTrainer, module: GameModule) -> None:
        curves = next((callback for callback in trainer.callbacks if isinstance(callback, Curves)), None)
        latest = {} if curves is None else curves.latest
        if FRECHET not in latest or latest["iteration"] != module.clock.iteration:
            return  # not measured in this iteration; a measurement at the end of an earlier process does not count
        self._judge_classes(trainer, module)
        value = latest[FRECHET]
        is_first = any(isinstance(callback, Quality) and callback.best == value for callback in trainer.callbacks)
        self._best = value if is_first or self._best is None else min(value, self._best)  # best.ckpt may begin anew
        bad, fine = value > self._best * (1 + self.rise), value <= self._best * (1 + self.rise / 2)
        if self.alarms["quality"].observe(bad, fine):
            text = (
                f"{FRECHET} rises: it is {value:.4g} now and has been more than {self.rise:.0%} above its best, "
                f"{self._best:.4g}, for {self.alarms['quality'].patience} comparisons. Resume an earlier checkpoint, "
                "or lower the learning rates by training.schedule"
            )
            self._ring(trainer, module, "quality", text)

    def _judge_classes(self, trainer: GameTrainer, module: GameModule) -> None:
        readings = _classes(trainer)
        if readings:
            self._judge(trainer, module, readings)

    def _judge_last_classes(self, trainer: GameTrainer, module: GameModule) -> None:
        """Ring if the comparison at the end shows few classes: there is no second one to wait for.

        A run shorter than the first probes says nothing.
        """
        readings = _classes(trainer) if module.clock.iteration >= self.probe_iterations else {}
        if readings and "classes" not in self.ringing() and CLASSES.bad(readings):
            self._has_few_classes = True  # not in the alarm, whose state goes into checkpoints
            self._ring(trainer, module, "classes", CLASSES.text.format(**readings))

    # warnings

    def _ring(self, trainer: GameTrainer, module: GameModule, name: str, text: str) -> None:
        self._show(trainer, module, name, text)
        if self.stop and self.sentence is None:
            self.sentence = f"{text} (iteration {module.clock.iteration})"

    def _show(self, trainer: GameTrainer, module: GameModule, name: str, text: str, on_stderr: bool = True) -> None:
        self.has_rung = True
        if not trainer.is_global_zero:
            return
        if on_stderr:
            tqdm.write(f"health, iteration {module.clock.iteration}: {text}", file=sys.stderr)
        publish_text(trainer, f"health/{name}", module.clock.iteration, text)

    def _stop(self, trainer: GameTrainer) -> None:
        """End the run after this iteration, on all ranks, if the first one, which alone judges, has found a reason."""
        self.sentence = trainer.strategy.broadcast(self.sentence)
        if self.sentence is not None:
            end(trainer)


def _classes(trainer: GameTrainer) -> dict[str, float]:
    """The classes in effect of samples and of training images at the last comparison; empty where none are told."""
    for callback in trainer.callbacks:
        if not isinstance(callback, Quality) or callback.real is None or callback.latest is None:
            continue
        if callback.extractor is None or not callback.extractor.tells_classes:
            continue
        real = effective_classes(callback.real)
        if real >= 2:
            return {"classes": effective_classes(callback.latest), "real_classes": real}
    return {}


def _last_good(trainer: GameTrainer) -> str:
    """Where the last checkpoint is, and what may help."""
    advice = "Try a smaller optimizer.lr or training.clip_norm"
    for callback in trainer.callbacks:
        if isinstance(callback, LastCheckpoint) and callback.path.exists():
            return f"The last good checkpoint is {relative(callback.path)}. {advice}"
    return f"No checkpoint had been written. {advice}"
