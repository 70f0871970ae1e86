"""Which values of an objective are better."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saddle.config.options import options, target_of

if TYPE_CHECKING:  # torch takes a second to import, and losses need none
    from saddle.metric.base import Direction


def direction_of(objective: str | None) -> "Direction":
    """The direction that a metric of the group `metric` or a game declares for `objective`; "smaller" for all others.

    An objective is a name in summary.json, as "metric/frechet" or "loss/generator".
    """
    kind, _, name = (objective or "").partition("/")
    if kind != "metric":
        return "smaller"
    for group, attribute in (("metric", "directions"), ("game", "measures")):
        for option in options(group):
            declared: Mapping[str, Direction] = getattr(target_of(group, option), attribute, {})
            if name in declared:
                return declared[name]
    return "smaller"
