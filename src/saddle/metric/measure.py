"""Measures samples by all metrics that apply, and holds each metric to the names that it declares."""

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor

from saddle.error import InputError, first_line
from saddle.metric.base import AnyMetric, Metric, MetricInputs, PointDistribution, PointMetric, Read
from saddle.seed import fixed_order

Metrics = Mapping[str, AnyMetric]
"""Metrics by the names of their options."""


def check_enough(metrics: Metrics, number: int) -> None:
    """Raise InputError, naming the metric, if one of images cannot be measured on this number of training images."""
    for option, metric in metrics.items():
        if isinstance(metric, Metric) and number < metric.fewest:
            raise InputError(
                f"metric.{option} needs at least {metric.fewest} training images, and there are {number}: use more"
            )


def measured(metrics: Metrics, inputs: MetricInputs) -> dict[str, float]:
    """The values of those metrics of images that apply to `inputs`, by name, in the order of the metrics.

    Where a feature of a sample is not finite, a metric's worst values stand for it. Raises InputError, naming the
    metric, for what a metric refuses and for a value that it should not give.
    """
    finite = bool(inputs.fake.features.isfinite().all())
    values: dict[str, float] = {}
    for option, metric in metrics.items():
        if isinstance(metric, Metric) and applies(metric, inputs):
            values |= _values(option, metric, finite, partial(metric.measure, inputs))
    return values


def measured_halves(metrics: Metrics, inputs: MetricInputs, labels: Tensor | None = None) -> dict[str, float] | None:
    """The values of one half of the real images of `inputs` against the other; None for too few images.

    A yardstick where no images are held out. Half as many images on either side give larger Frechet distances.
    The second half should show its own `labels`, which are those of the real images, in their order.
    """
    order = fixed_order(len(inputs.real.features), "halves")
    half = len(order) // 2
    if any(isinstance(metric, Metric) and half < metric.fewest for metric in metrics.values()):
        return None
    features, probabilities = inputs.real.features, inputs.real.probabilities
    first, second = (Read(features[rows], probabilities[rows]) for rows in (order[:half], order[half:]))
    own = None if labels is None else labels[order[half:]]
    return measured(metrics, MetricInputs(first, second, inputs.class_shares, own, factors=inputs.factors))


def measured_points(metrics: Metrics, points: Tensor, data: PointDistribution) -> dict[str, float]:
    """The values of those metrics of points that apply to `data`, for `points` (N, 2); else as `measured`."""
    finite = bool(points.isfinite().all())
    values: dict[str, float] = {}
    for option, metric in metrics.items():
        if isinstance(metric, PointMetric) and applies(metric, data):
            values |= _values(option, metric, finite, partial(metric.measure, points, data))
    return values


def applies(metric: AnyMetric, inputs: MetricInputs | PointDistribution) -> bool:
    """Whether there is all that the metric needs."""
    return all(getattr(inputs, need) is not None for need in metric.needs)


def _values(
    option: str, metric: AnyMetric, finite: bool, measure: Callable[[], Mapping[str, float]]
) -> Mapping[str, float]:
    """The checked values of one metric; `finite` says whether all numbers of the samples are."""
    if not finite and not metric.reads_non_finite:
        return metric.worst()
    try:
        values = measure()
    except ValueError as error:
        raise InputError(f"metric.{option}: {first_line(error)}") from error
    except Exception as error:
        if type(metric).__module__.startswith("saddle."):
            raise  # a fault of saddle's own, with its traceback
        raise InputError(f"metric.{option}: {type(error).__name__}: {first_line(error)}") from error
    _check_values(f"metric.{option}", metric, values)
    return values


def _check_values(setting: str, metric: AnyMetric, values: object) -> None:
    """Raise InputError unless `values` are numbers by names that the metric declares."""
    name_of_class = type(metric).__name__
    if not isinstance(values, Mapping):
        raise InputError(f"{setting}: {name_of_class}.measure gave a {type(values).__name__}; return numbers by name")
    for name, value in values.items():
        if name not in metric.directions:
            raise InputError(f"{setting}: {name_of_class} gave {name}, which it does not declare: add it to directions")
        if not isinstance(value, int | float):
            kind = type(value).__name__
            raise InputError(f"{setting}: {name_of_class} gave a {kind} for {name}; return a number, as by float()")
