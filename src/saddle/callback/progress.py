"""The progress bar, and a line about time once there is something to estimate from."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Timer
from tqdm import tqdm

from saddle.bound import Positive
from saddle.callback.budget import Budget
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.opening import WIDTH
from saddle.callback.scheduled import Patient
from saddle.terminal import labeled
from saddle.training.compiled import Compiled
from saddle.training.module import GameModule

_BAR = 10  # characters
_SHORT_NAMES = {"discriminator": "D", "generator": "G", "generators": "G"}
_TIMED_SECONDS, _TIMED_ITERATIONS = 5.0, 3  # from which the line about time is estimated
_WORTH_SAYING = 60.0  # seconds: what is left of shorter runs is not worth a line


class Progress(Patient):
    """One bar for the whole run: iteration, losses, time left, images per second, thousands of images, time so far.

    Losses are the adversarial ones, without penalties. Where a terminal is too narrow, the last parts are left out, so
    that losses can be seen at 80 columns. The bar is redrawn every `refresh_seconds`, or every 30 s where the output is
    not a terminal. Speed and time left are measured from the end of the first block of iterations, because a compiled
    executor takes far longer for it. Once some iterations have been timed, a line says how long the run will take, if
    that is a minute or more.
    """

    def __init__(self, refresh_seconds: Positive = 0.5) -> None:
        self.refresh_seconds = refresh_seconds

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        done = module.clock.iteration
        self._marks, self._drawn, self._has_estimated = [(time.perf_counter(), done)], 0.0, False
        self._bar = tqdm(
            total=trainer.max_steps if trainer.max_steps > 0 else None,
            initial=done,
            unit="it",
            dynamic_ncols=True,
            disable=not trainer.is_global_zero,
            bar_format=f"{{n_fmt}}/{{total_fmt}} |{{bar:{_BAR}}}| {{desc}}",
        )
        self._interval = self.refresh_seconds if sys.stderr.isatty() else max(30.0, self.refresh_seconds)
        if isinstance(module.executor, Compiled) and not self._bar.disable:
            self._bar.set_description_str("compiling an iteration: seconds, or minutes for large networks")

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        now = time.perf_counter()
        if len(self._marks) == 1:
            self._marks.append((now, module.clock.iteration))
            return
        if not self._has_estimated:
            self._estimate(trainer, module, now)
        if now - self._drawn >= self._interval:
            self._drawn = now
            self._draw(trainer, module)

    @hook
    def on_train_end(self, trainer: GameTrainer, module: GameModule) -> None:
        if module.played:
            self._draw(trainer, module)
        self._bar.close()

    @hook
    def on_exception(self, trainer: GameTrainer, module: GameModule, exception: BaseException) -> None:
        if hasattr(self, "_bar"):
            self._bar.close()

    def _estimate(self, trainer: GameTrainer, module: GameModule, now: float) -> None:
        """Say, once, how much time is left, as soon as enough iterations have been timed."""
        begun, begun_at = self._marks[1]
        timed = module.clock.iteration - begun_at
        if self._bar.disable or timed < _TIMED_ITERATIONS or now - begun < _TIMED_SECONDS:
            return
        self._has_estimated = True
        rate = timed / (now - begun)
        left = _seconds_left(trainer, module, rate)
        if left is not None and left >= _WORTH_SAYING:
            text = f"about {_rounded(left)} at {rate * module.rows:,.0f} {trainer.datamodule.data.rows_are}/s"
            tqdm.write(labeled("time", text, WIDTH, sys.stderr), file=sys.stderr)

    def _draw(self, trainer: GameTrainer, module: GameModule) -> None:
        if self._bar.disable:
            return
        done = module.clock.iteration
        begun, begun_at = next(mark for mark in reversed(self._marks) if mark[1] < done)
        rate = (done - begun_at) / (time.perf_counter() - begun)
        parts = [", ".join(_losses(module))]
        left = _seconds_left(trainer, module, rate)
        if left is not None:
            parts.append(f"{tqdm.format_interval(left)} left")
        rows_are = trainer.datamodule.data.rows_are
        parts.append(f"{rate * module.rows:,.0f} {rows_are}/s")
        parts.append(f"{module.clock.images / 1000:.1f} {'kimg' if rows_are == 'images' else f'thousand {rows_are}'}")
        parts.append(f"{tqdm.format_interval(time.perf_counter() - self._marks[0][0])} so far")
        self._bar.n = done
        self._bar.set_description_str(_fitting(parts, self._columns()))

    def _columns(self) -> int | None:
        """The number of characters right of the bar; None where nothing limits them."""
        drawn: Mapping[str, Any] = self._bar.format_dict
        counts = f"{drawn['n']}/{'?' if drawn['total'] is None else drawn['total']}"
        return None if drawn["ncols"] is None else drawn["ncols"] - len(counts) - len(" || ") - _BAR


def _losses(module: GameModule) -> list[str]:
    """The latest adversarial loss of each turn, behind its name; where there is no single one, the sum of all terms.

    D and G stand for discriminator and generator. Penalties would hide what the other player does.
    """
    losses: list[str] = []
    for name, played in module.played.items():
        words = [_SHORT_NAMES.get(word, word) for word in name.split("_")]
        terms = played.terms
        loss = terms["adversarial"] if "adversarial" in terms else sum(map(float, terms.values()))
        losses.append(f"{' '.join(words)} {float(loss):.3f}")
    return losses


def _fitting(parts: Sequence[str], columns: int | None) -> str:
    """As many of the first parts, at least one, as fit into so many columns, with commas between them."""
    for number in range(len(parts), 1, -1):
        text = ", ".join(parts[:number])
        if columns is None or len(text) <= columns:
            return text
    return parts[0]


def _rounded(seconds: float) -> str:
    """Seconds in words, as exactly as an estimate deserves."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def _seconds_left(trainer: GameTrainer, module: GameModule, rate: float) -> float | None:
    """Seconds until the first of the limits in iterations, epochs, time and CPU seconds; None if there is none."""
    done, limits = module.clock.iteration, []
    if trainer.max_steps > 0:
        limits.append((trainer.max_steps - done) / rate)
    if trainer.max_epochs is not None and trainer.max_epochs > 0:
        limits.append((trainer.max_epochs * trainer.num_training_batches - done) / rate)
    for callback in trainer.callbacks:
        remaining = callback.time_remaining() if isinstance(callback, Timer) else None
        if remaining is not None:
            limits.append(remaining)
        if isinstance(callback, Budget):
            limits.append(callback.iterations_left(module) / rate)
    return max(0.0, min(limits)) if limits else None
