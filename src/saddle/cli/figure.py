"""The figure of a run: the number of its summary that a sweep compares and a sweeper may minimise."""

from saddle.callback.quality import PREFIX, Quality
from saddle.callback.summary import Summary
from saddle.cli.build import Built
from saddle.error import InputError


def check_extractor(built: Built) -> None:
    """Raise InputError if the classifier that quality is measured by cannot be loaded or does not fit the data."""
    for callback in built.trainer.callbacks:
        if isinstance(callback, Quality):
            callback.load(built.data)


def check_figure(name: str | None, built: Built) -> None:
    """Raise InputError if the run will not measure `name`, as far as that can be known before training."""
    if name is None or built.trainer.fast_dev_run:
        return
    metrics = [f"{PREFIX}{metric}" for metric in ("frechet", "kernel", "histogram", "modes_kl")]
    for kind in (Summary, Quality) if name in metrics else (Summary,):
        if not any(isinstance(callback, kind) for callback in built.trainer.callbacks):
            setting = f"callback.{kind.__name__.lower()}"
            raise InputError(f"figure={name} is measured by {setting}: keep that, or use figure=null")
    turns = [turn.name for turn in built.module.turns]
    known = [*metrics, "probability/D_x", "probability/D_G_z", *(f"loss/{turn}" for turn in turns)]
    known += [f"gradient_norm/{network}" for network in built.module.game.needs]
    terms = tuple(f"loss/{turn}/" for turn in turns)  # known only when they have been played
    if name not in known and not name.startswith(terms):
        raise InputError(f"figure={name}: a run does not measure that; choose one of {', '.join(known)}, or null")
