"""The settings of `sweep=optuna`, and which settings it searches."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from saddle.bound import Count, Index
from saddle.config.grammar import parsed
from saddle.config.override import key_of
from saddle.config.validate import check
from saddle.error import InputError

SWEEPER = "hydra_plugins.saddle_search.OptunaSweeper"
"""The `_target_` of the sweeper, by which the folder of a sweep shows that a search chose its jobs."""

_INSTALL = 'python -m pip install -e ".[optuna]" -c constraints.txt'
_EXAMPLE = "'optimizer.lr=tag(log,interval(1e-4,1e-2))'"


@dataclass
class Search:
    """The group `sweep` of a search: see conf/sweep/optuna.yaml for each setting."""

    trials: Count
    batch: Count | None
    sampler: Literal["tpe", "gp", "random", "nsga2"]
    seed: Index
    startup: Count
    pruner: Literal["median"] | None
    second_objective: str | None
    storage: str | None


def checked_search(values: Mapping[str, Any], objective: str | None) -> Search:
    """The settings of a search; raises InputError, naming the setting, for wrong ones and if Optuna is missing."""
    if importlib.util.find_spec("optuna") is None:
        raise InputError(f"sweep=optuna: Optuna is not installed: {_INSTALL}")
    check("sweep", dict(values), Search)
    settings = Search(**values)
    if objective is None:
        raise InputError("objective=null: sweep=optuna needs one: name a metric of summary.json, as metric/frechet")
    if settings.second_objective == objective:
        raise InputError(f"sweep.second_objective={objective}: this is the objective already: name another metric")
    if settings.second_objective is not None and settings.pruner is not None:
        raise InputError(
            f"sweep.pruner={settings.pruner}: trials of two objectives cannot be pruned: leave it out, or use "
            "sweep.second_objective=null"
        )
    return settings


def searched_settings(overrides: Sequence[str]) -> list[str]:
    """The settings to which overrides give several values; raises InputError if there is none, and for the seed."""
    settings: list[str] = []
    for text in overrides:
        override = parsed(text)
        if override is None or not override.is_sweep_override():
            continue
        if key_of(text) == "seed":
            raise InputError(
                f"{text}: a search would choose the luckiest seed: give one seed here, and compare the best settings "
                "over several afterwards"
            )
        settings.append(key_of(text))
    if not settings:
        raise InputError(f"sweep=optuna: nothing to search for: give a setting several values, as {_EXAMPLE}")
    return settings
