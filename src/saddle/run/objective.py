"""Checks of a run's objective: the metric of its summary by which a sweep compares jobs."""

from collections.abc import Iterable

from saddle.callback.game_metrics import GameMetrics
from saddle.callback.hook import GameTrainer
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import FRECHET, Quality
from saddle.callback.scalars import names_of_scalars
from saddle.callback.summary import SHOWN, Summary
from saddle.data.memory import MemoryData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.metric.base import PREFIX, Metric, PointMetric
from saddle.metric.measure import Metrics, applies
from saddle.training.module import GameModule

_OF_CLASSES = {"classes", "class_shares", "labels"}
"""Inputs of metrics that an extractor has which tells classes."""


def check_extractor(trainer: GameTrainer, data: MemoryData) -> None:
    """Raise InputError if the extractor of the quality metrics cannot be loaded or does not fit the data."""
    for callback in trainer.callbacks:
        if isinstance(callback, Quality):
            callback.load(data)


def check_objective(
    name: str | None, trainer: GameTrainer, module: GameModule, data: MemoryData, metrics: Metrics
) -> None:
    """Raise InputError if the run will not measure the objective `name`, as far as that is known before training.

    `metrics` are those of the config's group `metric`.
    """
    if name is None or trainer.fast_dev_run:
        return
    kind, setting, measured = _measured_by(name, module, data, metrics)
    _check_callback(Summary, "summary", name, trainer)
    if name in measured:
        _check_callback(kind, setting, name, trainer)
        if kind is Quality and name != FRECHET:  # the default, which nobody may have asked for
            _check_measured(name, trainer, data, metrics)
    if name == FRECHET and isinstance(data, PointData):
        return  # the default, which points do not have: the sweep's table shows that
    in_summary = [other for other in names_of_scalars(module) if other.startswith(SHOWN)]
    known = [*measured, *in_summary]
    if not is_known(name, known):
        raise InputError(f"objective={name}: a run does not measure that; choose one of {', '.join(known)}, or null")


def _check_callback(kind: type, setting: str, name: str, trainer: GameTrainer) -> None:
    """Raise InputError unless the trainer has a callback of this class, which measures `name`."""
    if not any(isinstance(callback, kind) for callback in trainer.callbacks):
        raise InputError(f"objective={name} is measured by callback.{setting}: keep that, or use objective=null")


def _check_measured(name: str, trainer: GameTrainer, data: MemoryData, metrics: Metrics) -> None:
    """Raise InputError if there is no extractor by which the objective `name` could be measured."""
    measuring = [metric for metric in metrics.values() if name in prefixed(metric.directions)]
    reads_classes = any(_OF_CLASSES.intersection(metric.needs) for metric in measuring)
    for callback in trainer.callbacks:
        if not isinstance(callback, Quality):
            continue
        extractor = callback.load(data) if reads_classes else None
        if callback.choice == "none" or (extractor is not None and not extractor.tells_classes):
            raise InputError(
                f"objective={name}: nothing measures that with callback.quality.extractor={callback.choice}: name "
                "another file there, or use objective=null"
            )


def _measured_by(name: str, module: GameModule, data: MemoryData, metrics: Metrics) -> tuple[type, str, list[str]]:
    """The callback that measures `name` on this data, its setting, and the metrics of this data and game."""
    if isinstance(data, PointData):
        return PointQuality, "points", names_of_metrics(metrics, data)
    game_metrics = prefixed(module.game.measures)
    if name in game_metrics:
        return GameMetrics, "game", game_metrics
    return Quality, "quality", names_of_metrics(metrics, data) + game_metrics


def names_of_metrics(metrics: Metrics, data: MemoryData) -> list[str]:
    """The names under which a run on this data publishes the values of `metrics`."""
    names: list[str] = []
    for metric in metrics.values():
        if isinstance(data, PointData):
            measures = isinstance(metric, PointMetric) and applies(metric, data)
        else:
            measures = isinstance(metric, Metric)
        names += metric.directions if measures else ()
    return prefixed(names)


def prefixed(metrics: Iterable[str]) -> list[str]:
    """Metrics by their names in a summary."""
    return [f"{PREFIX}{metric}" for metric in metrics]


def is_known(name: str, known: Iterable[str]) -> bool:
    """Whether a name is among the `known` ones, or is a term of a known loss, known only once it is computed."""
    loss = "/".join(name.split("/")[:2])
    return name in known or (loss.startswith("loss/") and loss in known)
