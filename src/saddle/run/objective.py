"""The objective of a run: the number of its summary that a sweep compares and a sweeper may minimize."""

from saddle.callback.game_metrics import GameMetrics
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import FRECHET, PREFIX, Quality
from saddle.callback.summary import Summary
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.factory.run import Built
from saddle.metric.points import names

_COMPARED = ("frechet", "kernel", "histogram", "modes_kl")


def check_extractor(built: Built) -> None:
    """Raise InputError if the classifier that quality is measured by cannot be loaded or does not fit the data."""
    for callback in built.trainer.callbacks:
        if isinstance(callback, Quality):
            callback.load(built.data)


def _measured(name: str, built: Built) -> tuple[tuple[type, str], list[str]]:
    """What measures `name` on this data, the setting that it is made by, and the metrics that can be compared."""
    if isinstance(built.data, PointData):
        return (PointQuality, "points"), [f"{PREFIX}{metric}" for metric in names(built.data)]
    own = [f"{PREFIX}{name}" for name in built.module.game.measures]
    if name in own:
        return (GameMetrics, "game"), own
    return (Quality, "quality"), [*(f"{PREFIX}{metric}" for metric in _COMPARED), *own]


def check_objective(name: str | None, built: Built) -> None:
    """Raise InputError if the run will not measure `name`, as far as that can be known before training."""
    if name is None or built.trainer.fast_dev_run:
        return
    measuring, metrics = _measured(name, built)
    for kind, setting in ((Summary, "summary"), measuring) if name in metrics else ((Summary, "summary"),):
        if not any(isinstance(callback, kind) for callback in built.trainer.callbacks):
            raise InputError(f"objective={name} is measured by callback.{setting}: keep that, or use objective=null")
    if name == FRECHET and isinstance(built.data, PointData):
        return  # the default, which points do not have: the sweep's table will say so
    turns = [turn.name for turn in built.module.turns]
    known = [*metrics, *(f"loss/{turn}" for turn in turns)]
    known += ["probability/D_x", "probability/D_G_z"] if "discriminator" in turns else []
    known += [f"gradient_norm/{network}" for network in built.module.game.needs]
    terms = tuple(f"loss/{turn}/" for turn in turns)  # known only when they have been played
    if name not in known and not name.startswith(terms):
        raise InputError(f"objective={name}: a run does not measure that; choose one of {', '.join(known)}, or null")
