"""Which values of an objective are better."""

from collections.abc import Mapping

from saddle.config.options import options, target_of
from saddle.game.turn import Game
from saddle.metric.base import PREFIX, AnyMetric, Direction


def direction_of(objective: str | None) -> Direction:
    """The direction that a metric of the group `metric` or a game declares for `objective`; "smaller" for all others.

    An objective is a name in summary.json, as "metric/frechet" or "loss/generator".
    """
    if objective is None or not objective.startswith(PREFIX):
        return "smaller"
    name = objective.removeprefix(PREFIX)
    for group in ("metric", "game"):
        for option in options(group):
            directions = _declared_by(target_of(group, option))
            if name in directions:
                return directions[name]
    return "smaller"


def _declared_by(target: type | None) -> Mapping[str, Direction]:
    """The directions that a class declares, by the names of what it measures."""
    if target is not None and issubclass(target, AnyMetric):
        return target.directions
    if target is not None and issubclass(target, Game):
        return target.measures
    return {}
