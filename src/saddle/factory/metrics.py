"""Builds metrics, and checks what they say about themselves before anything is measured."""

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

from saddle.config.compose import compose
from saddle.config.node import Node
from saddle.config.options import options, target_of
from saddle.error import InputError
from saddle.factory.instantiate import make
from saddle.game.turn import Game
from saddle.metric.base import AnyMetric, Direction, Metric, MetricInputs, PointMetric
from saddle.metric.measure import Metrics

_INPUTS: Mapping[type, tuple[str, ...]] = {
    Metric: (*(field.name for field in fields(MetricInputs)), "classes"),
    PointMetric: ("modes", "curve"),
}
"""By kind of metric, what it may need."""


def build_metrics(nodes: Mapping[str, Node]) -> Metrics:
    """The metrics of the group `metric` by option, in the order of their places.

    Raises InputError for a metric that cannot be built or does not say what it must, and for two that give one name.
    """
    metrics: dict[str, AnyMetric] = {option: make(node) for option, node in nodes.items()}
    for option, metric in metrics.items():
        _check_declared(option, metric)
    for kind in _INPUTS:
        _check_names({option: metric for option, metric in metrics.items() if isinstance(metric, kind)})
    return dict(sorted(metrics.items(), key=lambda item: item[1].place))


def all_metrics() -> Metrics:
    """The metrics of all options of the group `metric`, as their files set them; raises InputError."""
    single = [option for option in options("metric") if target_of("metric", option) is not None]
    return build_metrics(compose([f"metric=[{','.join(single)}]"]).metric)


def check_in_training(metrics: Metrics, game: Game) -> None:
    """Raise InputError for a metric that training cannot measure, and for one that gives a name of the game's own."""
    for option, metric in metrics.items():
        if not metric.in_training:
            raise InputError(f"metric.{option}: only saddle evaluate measures this; leave it out")
        if not isinstance(metric, Metric):
            continue  # games' metrics are of images
        for name in metric.directions:
            if name in game.measures:
                raise InputError(f"metric.{option}: the game itself measures {name}; leave this metric out")


def _check_declared(option: str, metric: AnyMetric) -> None:
    """Raise InputError unless a metric declares names with their directions, and needs what there is."""
    setting, name_of_class = f"metric.{option}", type(metric).__name__
    if not isinstance(metric.directions, Mapping) or not metric.directions:
        raise InputError(f'{setting}: {name_of_class} declares no names: give it directions = {{"NAME": "smaller"}}')
    for name, direction in metric.directions.items():
        if direction not in get_args(Direction):
            raise InputError(f"{setting}: the direction of {name} is {direction}; use smaller or larger")
    for kind, inputs in _INPUTS.items():
        if isinstance(metric, kind) and not set(metric.needs) <= set(inputs):
            raise InputError(f"{setting}: {name_of_class} needs {metric.needs}; it may name {', '.join(inputs)}")


def _check_names(metrics: Metrics) -> None:
    """Raise InputError if two of these metrics, which are of one kind, give the same name."""
    owners: dict[str, str] = {}
    for option, metric in metrics.items():
        for name in metric.directions:
            if name in owners:
                raise InputError(f"metric.{option} and metric.{owners[name]} both give {name}: leave one of them out")
            owners[name] = option
