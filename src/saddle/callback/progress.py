"""The progress bar."""

import sys
import time
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Timer
from tqdm import tqdm

from saddle.bound import Positive
from saddle.callback.budget import Budget
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.scheduled import Patient
from saddle.training.compiled import Compiled
from saddle.training.module import GameModule


class Progress(Patient):
    """One bar for the whole run: iteration, thousands of images, images per second, losses, time left.

    It is redrawn every `refresh_seconds`, or every 30 s where the output is not a terminal. Speed and time left are
    measured from the end of the first block of iterations, because a compiled executor takes far longer for it.
    """

    def __init__(self, refresh_seconds: Positive = 0.5) -> None:
        self.refresh_seconds = refresh_seconds

    @hook
    def on_train_start(self, trainer: GameTrainer, module: GameModule) -> None:
        done = module.clock.iteration
        self._marks, self._drawn = [(time.perf_counter(), done)], 0.0
        self._bar = tqdm(
            total=trainer.max_steps if trainer.max_steps > 0 else None,
            initial=done,
            unit="it",
            dynamic_ncols=True,
            disable=not trainer.is_global_zero,
            bar_format="{n_fmt}/{total_fmt} |{bar:10}| {elapsed}{postfix}",
        )
        self._interval = self.refresh_seconds if sys.stderr.isatty() else max(30.0, self.refresh_seconds)
        if isinstance(module.executor, Compiled) and not self._bar.disable:
            self._bar.set_postfix_str("compiling an iteration; this takes seconds, or minutes for large networks")

    @hook
    def on_train_batch_end(self, trainer: GameTrainer, module: GameModule, *_: Any) -> None:
        now = time.perf_counter()
        if len(self._marks) == 1:
            self._marks.append((now, module.clock.iteration))
        elif now - self._drawn >= self._interval:
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

    def _draw(self, trainer: GameTrainer, module: GameModule) -> None:
        if self._bar.disable:
            return
        done = module.clock.iteration
        begun, begun_at = next(mark for mark in reversed(self._marks) if mark[1] < done)
        rate = (done - begun_at) / (time.perf_counter() - begun)
        parts = [f"{module.clock.images / 1000:.1f} kimg", f"{rate * module.rows:,.0f} images/s"]
        left = _seconds_left(trainer, module, rate)
        if left is not None:
            parts.append(f"{tqdm.format_interval(left)} left")
        parts += [f"{name} {sum(map(float, played.terms.values())):.3f}" for name, played in module.played.items()]
        self._bar.n = done
        self._bar.set_postfix_str(", ".join(parts))


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
