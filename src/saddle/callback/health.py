"""Watching for what precedes a GAN's failure, and saying so in words."""

import sys
from dataclasses import asdict
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule, Trainer
from tqdm import tqdm

from saddle.bound import Count, Fraction, Positive
from saddle.callback.alarm import Alarm, conditions
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.curves import Curves, publish
from saddle.callback.finite import Losses, all_finite, what_is_not
from saddle.callback.probe import gradients, neighbors, separation
from saddle.callback.quality import FRECHET, Quality
from saddle.callback.scheduled import Scheduled
from saddle.callback.stop import end
from saddle.error import Failed
from saddle.file import relative
from saddle.game.turn import Batch
from saddle.seed import hashed_seed
from saddle.training.due import next_multiple
from saddle.training.module import GameModule
from saddle.training.sampling import images_from, sources_for

_WINDOW = 20  # checks over which D's separation is averaged
_SAMPLES = 256
_FEWEST = 32  # images below which twins and neighbors say nothing
_SMALLEST_SCALE = 1e-6  # a gradient scaler begins with 65536 and halves at every overflow


class Health(Scheduled):
    """Warns on stderr and in TensorBoard, once per alarm until it has cleared; `stop` ends the run at the first.

    Losses, weights, averages and optimizer states that are not finite end the run in any case, with `Failed`: they are
    looked at every `every_iterations` and before any checkpoint is written, so that what is on disk stays sound. With a
    gradient scaler losses may overflow now and then; there the weights count, and overflows without end.

    At the first logged iteration and then every `probe_iterations` (at the next logged one), one pass in evaluation
    mode and 256 samples of the averaged generator give the readings that `saddle.callback.alarm.conditions` judges and
    that are logged as health/*: D's `separation` of real and generated images over the last 20 checks, D's input
    gradients at both (a ratio beyond `gradient_ratio` either way is an alarm: Mescheder et al. 2018, arXiv 1801.04406,
    and Thanh-Tung et al. 2019, arXiv 1902.03984), the gradient that G receives, and the share of samples with a twin
    (`duplicates` and more is an alarm). Alarms also ring when metric/frechet has been more than `rise` above its
    best, as a share of it, in `evaluations` comparisons in a row, and when the entropy of the classes read in samples
    is at most 0.7 of that in training images (5 classes of 10, in effect), in two.

    It draws no random numbers and changes no state of the game, so a run is the same with and without it.
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
        self._separations: list[float] = []
        self._largest_signal = 0.0
        self._best: float | None = None
        self._losses: Losses = []
        self._real: torch.Tensor | None = None

    # what outlives the process

    def state_dict(self) -> dict[str, Any]:
        return {
            "alarms": {name: asdict(alarm) for name, alarm in self.alarms.items()},
            "separations": list(self._separations),
            "largest_signal": self._largest_signal,
            "best": self._best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, alarm in state["alarms"].items():
            self.alarms[name].count, self.alarms[name].ringing = alarm["count"], alarm["ringing"]
        self._separations, self._largest_signal = list(state["separations"]), state["largest_signal"]
        self._best = state["best"]

    # when

    def next_due(self, iteration: int, rows: int) -> int:
        return next_multiple(iteration, self.every_iterations)  # probes are made where a row is logged

    def on_train_batch_end(
        self, trainer: Trainer, module: LightningModule, outputs: Any, batch: Batch, batch_index: int
    ) -> None:
        done = module.clock.iteration
        self._losses.append((done, {name: played.terms for name, played in module.played.items()}))
        probing, checking = self._is_probed(trainer, done), done % self.every_iterations == 0
        if checking or probing:
            self.check(trainer, module)
        if trainer.is_global_zero and not trainer.fast_dev_run:
            if checking:
                self._note_separation(module)
            if probing:
                self._probe(trainer, module, batch[-1] if isinstance(batch, list) else batch)
            self._judge_quality(trainer, module)
        if checking and self.stop:
            self._stop(trainer)

    def on_save_checkpoint(self, trainer: Trainer, module: LightningModule, checkpoint: dict[str, Any]) -> None:
        self.check(trainer, module)  # before anything is written

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self.check(trainer, module)

    def _is_probed(self, trainer: Trainer, done: int) -> bool:
        """At logged iterations, so that its curves share their rows; a function of the iteration, for exact resume."""
        every = trainer.log_every_n_steps
        begun = done // self.probe_iterations > (done - every) // self.probe_iterations
        return done % every == 0 and (begun or done == every)

    # what is not finite

    def check(self, trainer: Trainer, module: GameModule) -> None:
        """Raise Failed if anything is not finite, on every rank if it is so on one."""
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        losses, reason = self._losses if scaler is None else [], None
        if not all_finite(module, losses):
            reason = what_is_not(module, losses)
        elif scaler is not None and scaler.get_scale() < _SMALLEST_SCALE:
            reason = f"gradients overflow in half precision however small their scale, {scaler.get_scale():.0e} by now"
        self._losses = []
        broken = reason is not None
        if trainer.world_size > 1:
            broken = trainer.strategy.reduce_boolean_decision(broken, all=False)
        if broken:
            self.sentence = f"{reason or 'another rank found numbers that are not finite'}. {_last_good(trainer)}"
            self._show(trainer, module, "not_finite", self.sentence, aloud=False)
            raise Failed(self.sentence)

    # what is judged

    def _note_separation(self, module: GameModule) -> None:
        observed = next((p.observed for p in module.played.values() if {"real", "fake"} <= p.observed.keys()), None)
        if observed is not None:
            self._separations.append(float(separation(observed["real"], observed["fake"])))
            del self._separations[:-_WINDOW]

    def _probe(self, trainer: Trainer, module: GameModule, batch: Batch) -> None:
        readings = gradients(module, batch) | self._neighbors(trainer, module)
        if self._separations:
            readings["separation"] = sum(self._separations) / len(self._separations)
        self._log(trainer, module, {name: value for name, value in readings.items() if name != "real_duplicates"})
        if "signal" in readings:
            self._largest_signal = max(self._largest_signal, readings["signal"])
            readings["signal_share"] = readings["signal"] / max(self._largest_signal, 1e-30)
            real, fake = (max(readings[f"input_gradient_{kind}"], 1e-30) for kind in ("real", "fake"))
            readings["gradient_ratio"] = fake / real
        self._judge(trainer, module, readings)

    def _judge(self, trainer: Trainer, module: GameModule, readings: dict[str, float]) -> None:
        for name, condition in self.conditions.items():
            if not all(need in readings for need in condition.needs):
                continue
            if self.alarms[name].observe(condition.bad(readings), condition.fine(readings)):
                self._ring(trainer, module, name, condition.text.format(**readings))

    def _neighbors(self, trainer: Trainer, module: GameModule) -> dict[str, float]:
        images = trainer.datamodule.loader.images  # or points
        number = min(_SAMPLES, len(images))
        if number < _FEWEST or "generator" not in module.networks:
            return {}
        if self._real is None:
            order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
            self._real = images[order[:number]]
        sampler = module.sampler()
        sources = sources_for(sampler, trainer.datamodule.data, number)
        samples = images_from(sampler, number, hashed_seed(module.seed, "health"), sources=sources)
        return neighbors(self._real, samples)

    def _judge_quality(self, trainer: Trainer, module: GameModule) -> None:
        curves = next((callback for callback in trainer.callbacks if isinstance(callback, Curves)), None)
        latest = {} if curves is None else curves.latest
        if FRECHET not in latest or latest["iteration"] != module.clock.iteration:
            return  # not measured in this iteration: what a process measured at its end is no part of the run's course
        self._judge_classes(trainer, module)
        value = latest[FRECHET]
        self._best = value if self._best is None else min(value, self._best)
        bad, fine = value > self._best * (1 + self.rise), value <= self._best * (1 + self.rise / 2)
        if self.alarms["quality"].observe(bad, fine):
            text = (
                f"{FRECHET} rises: it is {value:.4g} now, more than {self.rise:.0%} above its best, {self._best:.4g}, "
                f"for {self.alarms['quality'].patience} comparisons. Go on from an earlier checkpoint, or lower the "
                "learning rates by training.schedule"
            )
            self._ring(trainer, module, "quality", text)

    def _judge_classes(self, trainer: Trainer, module: GameModule) -> None:
        quality = next((callback for callback in trainer.callbacks if isinstance(callback, Quality)), None)
        if quality is not None and quality.real.effective_classes >= 2:
            readings = {"classes": quality.latest.effective_classes, "real_classes": quality.real.effective_classes}
            self._judge(trainer, module, readings)

    # what is said

    def _ring(self, trainer: Trainer, module: GameModule, name: str, text: str) -> None:
        self._show(trainer, module, name, text)
        if self.stop and self.sentence is None:
            self.sentence = f"{text} (iteration {module.clock.iteration})"

    def _show(self, trainer: Trainer, module: GameModule, name: str, text: str, aloud: bool = True) -> None:
        if not trainer.is_global_zero:
            return
        if aloud:
            tqdm.write(f"health, iteration {module.clock.iteration}: {text}", file=sys.stderr)
        for logger in trainer.loggers:
            if hasattr(logger.experiment, "add_text"):
                logger.experiment.add_text(f"health/{name}", text, module.clock.iteration)
                logger.experiment.flush()

    def _log(self, trainer: Trainer, module: GameModule, readings: dict[str, float]) -> None:
        values = {f"health/{name}": value for name, value in readings.items()}
        publish(trainer, module.clock.iteration, values)

    def _stop(self, trainer: Trainer) -> None:
        """End the run after this iteration, on all ranks; only the first one has judged."""
        self.sentence = trainer.strategy.broadcast(self.sentence)
        if self.sentence is not None:
            end(trainer)


def _last_good(trainer: Trainer) -> str:
    """Where the last checkpoint is, and what may help."""
    paths = [callback.path for callback in trainer.callbacks if isinstance(callback, LastCheckpoint)]
    found = [path for path in paths if path.exists()]
    where = f"The last good checkpoint is {relative(found[0])}" if found else "No checkpoint had been written"
    return f"{where}. Try a smaller optimizer.lr or training.clip_norm"
