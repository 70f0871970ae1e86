"""The search space of `sweep=optuna`: Hydra's several values of a setting as distributions of Optuna's."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, IntervalSweep, Override, RangeSweep
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from saddle.config.options import options
from saddle.config.override import key_of
from saddle.error import InputError

Space = dict[str, BaseDistribution]
"""The distribution of each setting that is searched, by its name as the command line gives it."""


def space_of(overrides: Sequence[str]) -> Space:
    """The space of those overrides that have several values. Raises InputError for one that cannot be searched."""
    parser = OverridesParser.create()
    space: Space = {}
    for text in overrides:
        override = parser.parse_override(text)
        if override.is_sweep_override():
            space[override.get_key_element()] = _distribution(text, override)
    return space


def _distribution(text: str, override: Override) -> BaseDistribution:
    """The distribution of an override with several values; raises InputError, naming it, if there is none."""
    value = override.value()
    try:
        if isinstance(value, IntervalSweep):
            return _interval(value)
        if isinstance(value, RangeSweep):
            return _range(value)
        if isinstance(value, Glob):
            return CategoricalDistribution(value.filter(options(key_of(text))))
        assert isinstance(value, ChoiceSweep)
        if "log" in value.tags:
            raise ValueError("log is for intervals and ranges of numbers")
        return CategoricalDistribution(list(dict.fromkeys(override.sweep_string_iterator())))
    except ValueError as error:
        raise InputError(f"{text}: this cannot be searched ({error})") from error


def _interval(interval: IntervalSweep) -> BaseDistribution:
    """`interval(low,high)`, and `int(interval(low,high))`, both ends included; `tag(log,...)` for a log scale."""
    low, high = interval.start, interval.end
    assert low is not None
    assert high is not None
    is_log = _is_log(interval.tags)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError("an interval needs two finite ends, the smaller one first")
    if isinstance(low, int) and isinstance(high, int):
        return IntDistribution(low, high, log=is_log)
    return FloatDistribution(float(low), float(high), log=is_log)


def _range(values: RangeSweep) -> BaseDistribution:
    """`range(start,stop,step)`, without `stop`, as Hydra has it."""
    numbers = sorted(values.range())
    is_log = _is_log(values.tags)
    step = abs(values.step)
    if all(isinstance(number, int) for number in numbers):
        return IntDistribution(numbers[0], numbers[-1], log=is_log, step=int(step))
    return FloatDistribution(float(numbers[0]), float(numbers[-1]), log=is_log, step=float(step))


def _is_log(tags: set[str]) -> bool:
    """Whether the tags ask for a log scale; raises ValueError for any other tag."""
    others = sorted(tags - {"log"})
    if others:
        raise ValueError(f"the only tag is log, not {', '.join(others)}")
    return "log" in tags


def suggested(trial: Trial, space: Space) -> dict[str, Any]:
    """The value of each setting in a trial, drawn by the study's sampler unless the storage has it already."""
    values: dict[str, Any] = {}
    for name, kind in space.items():
        if isinstance(kind, CategoricalDistribution):
            values[name] = trial.suggest_categorical(name, kind.choices)
        elif isinstance(kind, IntDistribution):
            values[name] = trial.suggest_int(name, kind.low, kind.high, step=kind.step, log=kind.log)
        else:
            assert isinstance(kind, FloatDistribution)
            values[name] = trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log)
    return values


def overrides_of(values: Mapping[str, Any]) -> list[str]:
    """The overrides that give a trial's values to its run; a number keeps all of its digits."""
    return [f"{name}={value}" for name, value in values.items()]
