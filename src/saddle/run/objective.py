"""The objective of a run: the metric of its summary that a sweep compares and a sweeper may minimize."""

from saddle.callback.game_metrics import GameMetrics
from saddle.callback.hook import GameTrainer
from saddle.callback.point_quality import PointQuality
from saddle.callback.quality import FRECHET, PREFIX, Quality
from saddle.callback.summary import Summary
from saddle.data.memory import MemoryData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.metric.points import names
from saddle.training.module import GameModule

_COMPARED = ("frechet", "kernel", "histogram", "modes_kl")


def check_extractor(trainer: GameTrainer, data: MemoryData) -> None:
    """Raise InputError if the classifier that quality is measured by cannot be loaded or does not fit the data."""
    for callback in trainer.callbacks:
        if isinstance(callback, Quality):
            callback.load(data)


def check_objective(name: str | None, trainer: GameTrainer, module: GameModule, data: MemoryData) -> None:
    """Raise InputError if the run will not measure `name`, as far as that can be known before training."""
    if name is None or trainer.fast_dev_run:
        return
    kind, setting, metrics = _measured_by(name, module, data)
    _check_callback(Summary, "summary", name, trainer)
    if name in metrics:
        _check_callback(kind, setting, name, trainer)
    if name == FRECHET and isinstance(data, PointData):
        return  # the default, which points do not have: the sweep's table will say so
    turns = [turn.name for turn in module.turns]
    known = [*metrics, *(f"loss/{turn}" for turn in turns)]
    if "discriminator" in turns:
        known += ["probability/D_x", "probability/D_G_z"]
    known += [f"gradient_norm/{network}" for network in module.game.needs]
    is_term = name.startswith(tuple(f"loss/{turn}/" for turn in turns))  # terms are known once they were played
    if name not in known and not is_term:
        raise InputError(f"objective={name}: a run does not measure that; choose one of {', '.join(known)}, or null")


def _check_callback(kind: type, setting: str, name: str, trainer: GameTrainer) -> None:
    if not any(isinstance(callback, kind) for callback in trainer.callbacks):
        raise InputError(f"objective={name} is measured by callback.{setting}: keep that, or use objective=null")


def _measured_by(name: str, module: GameModule, data: MemoryData) -> tuple[type, str, list[str]]:
    """The callback that measures `name` on this data, its setting, and the metrics that can be compared."""
    if isinstance(data, PointData):
        return PointQuality, "points", [f"{PREFIX}{metric}" for metric in names(data)]
    own = [f"{PREFIX}{metric}" for metric in module.game.measures]
    if name in own:
        return GameMetrics, "game", own
    return Quality, "quality", [*(f"{PREFIX}{metric}" for metric in _COMPARED), *own]
