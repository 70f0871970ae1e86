"""Checks of callbacks that watch a value by its name, such as Lightning's EarlyStopping."""

from collections.abc import Mapping
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning.pytorch.callbacks import Callback, LearningRateMonitor

from saddle.callback.curves import Curves, names_of_counts
from saddle.callback.game_metrics import GameMetrics
from saddle.callback.health import READINGS, Health
from saddle.callback.hook import GameTrainer
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import Quality
from saddle.callback.scalars import names_of_scalars
from saddle.callback.watching import HEALTH, watched
from saddle.data.memory import MemoryData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.metric.measure import Metrics
from saddle.run.objective import is_known, names_of_metrics, prefixed
from saddle.training.module import GameModule

_OF_CHECKPOINTS = ("epoch", "step")  # what Lightning's ModelCheckpoint adds
_KNOWN_PACKAGES = ("saddle", "lightning", "pytorch_lightning")


def check_monitors(
    settings: Mapping[str, Any], trainer: GameTrainer, module: GameModule, data: MemoryData, metrics: Metrics
) -> None:
    """Raise InputError if a callback watches a value that this run will never publish.

    `settings` are those of the config's group `callback`, `metrics` those of its group `metric`. Where a callback comes
    from outside of saddle and Lightning, it may publish any name.
    """
    watching = [callback for callback in trainer.callbacks if watched(callback) is not None]
    if not watching or trainer.fast_dev_run or any(map(_is_outside, trainer.callbacks)):
        return
    known = _published(trainer, module, data, metrics)
    for callback in watching:
        name = str(watched(callback))
        is_rate = name.startswith("lr-") and any(isinstance(other, LearningRateMonitor) for other in trainer.callbacks)
        if not is_rate and not is_known(name, known):
            listed = ", ".join(known)
            raise InputError(
                f"{_setting(name, settings)}={name}: this run does not measure that; choose one of {listed}"
            )


def _published(trainer: GameTrainer, module: GameModule, data: MemoryData, metrics: Metrics) -> list[str]:
    """The names of all values that the callbacks of a run publish, as far as they are known before training."""
    names: list[str] = []
    for callback in trainer.callbacks:
        if isinstance(callback, Curves):
            names += [*names_of_scalars(module), *names_of_counts(module)]
        elif isinstance(callback, Health):
            names += [f"{HEALTH}{reading}" for reading in READINGS]
        elif isinstance(callback, GameMetrics):
            names += prefixed(module.game.measures)
        elif (isinstance(callback, PointQuality) and isinstance(data, PointData)) or (
            isinstance(callback, Quality) and callback.load(data) is not None
        ):
            names += names_of_metrics(metrics, data)
    return [*names, *_OF_CHECKPOINTS]


def _is_outside(callback: Callback) -> bool:
    return type(callback).__module__.split(".")[0] not in _KNOWN_PACKAGES


def _setting(watched_name: str, settings: Mapping[str, Any]) -> str:
    """The setting that names a watched value; a callback may also choose it by itself."""
    for name, node in settings.items():
        if node.get("monitor") == watched_name:
            return f"callback.{name}.monitor"
    return "callback: monitor"
