"""Ends a trial of a search that is worse than the median of earlier trials, as Optuna's MedianPruner judges it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import saddle.compat  # noqa: F401  isort: skip
from tqdm import tqdm

from saddle.bound import Count
from saddle.callback.curves import values_in
from saddle.callback.hook import GameTrainer, hook
from saddle.callback.scheduled import Patient
from saddle.callback.stop import end
from saddle.metric.base import PREFIX
from saddle.metric.measure import Metrics
from saddle.training.module import GameModule


class Prune(Patient):
    """Whenever `objective` is measured, compares the best value so far with those of earlier trials by then.

    If at least `startup` trials beside the run's `folder` have finished, and the best value of this run is worse than
    the median of theirs at the same iteration, training ends, and `at` is that iteration. The rule is Golovin et al.
    2017, section 3.2.1, by Optuna. With `pruner` null nothing is ever pruned.

    `metrics` say of which values the larger are better; the program passes them in.
    """

    def __init__(
        self,
        folder: str,
        metrics: Mapping[str, Any],
        objective: str | None,
        pruner: Literal["median"] | None,
        startup: Count,
    ) -> None:
        self.folder, self.startup = Path(folder), startup
        self.metrics: Metrics = metrics
        self.monitor = objective if pruner is not None else None
        """The value at whose measurements this callback judges; None if it never does."""
        self.at: int | None = None

    @hook
    def on_validation_end(self, trainer: GameTrainer, module: GameModule) -> None:
        """Judge the value that has just been measured. `saddle.callback.watching` calls this."""
        own = self._curve(self.folder)
        others = list(self._finished())
        if not own or len(others) < self.startup or not _is_pruned(own, others, self._direction(module), self.startup):
            return
        self.at = module.clock.iteration
        tqdm.write(f"pruned at iteration {self.at}: {self.monitor} is worse than the median of {len(others)} trials")
        end(trainer)

    def _curve(self, run: Path) -> dict[int, float]:
        """The values of the objective in a run by iteration."""
        assert self.monitor is not None
        return values_in(run / "metrics.csv", self.monitor)

    def _finished(self) -> Iterator[dict[int, float]]:
        """The curves of the other trials that finished and were not pruned."""
        for folder in sorted(self.folder.resolve().parent.iterdir()):
            if folder != self.folder.resolve() and _is_finished(folder / "summary.json"):
                yield self._curve(folder)

    def _direction(self, module: GameModule) -> str:
        directions = dict(module.game.measures)
        for metric in self.metrics.values():
            directions |= metric.directions
        name = str(self.monitor).removeprefix(PREFIX)
        return "maximize" if directions.get(name) == "larger" else "minimize"


def _is_finished(summary: Path) -> bool:
    """Whether a summary.json is of a run that reached its end and was not pruned."""
    try:
        content = json.loads(summary.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(content.get("finished")) and "pruned" not in content


def _is_pruned(own: Mapping[int, float], others: list[dict[int, float]], direction: str, startup: int) -> bool:
    """Whether Optuna would prune a trial with the curve `own` after trials with the curves `others`."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=startup)
    study = optuna.create_study(direction=direction, pruner=pruner)
    for curve in others:
        last = next(reversed(curve.values()), None)
        if last is not None and last == last:
            study.add_trial(optuna.trial.create_trial(value=last, intermediate_values=curve))
    trial = study.ask()
    for iteration, value in own.items():
        trial.report(value, iteration)
    return trial.should_prune()
