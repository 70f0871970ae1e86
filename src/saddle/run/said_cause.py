"""The line at the end of a run that had an alarm: the most likely cause, and the command that says more."""

import sys
from pathlib import Path

from saddle.callback.health import Health
from saddle.data.module import ImageData
from saddle.data.points import PointData
from saddle.error import InputError
from saddle.factory.run import Run
from saddle.file import relative
from saddle.run.folder import last_checkpoint
from saddle.terminal import quoted_for_shell


def say_cause(run: Run, folder: Path) -> None:
    """Say on stderr, on the first rank, what an alarm of `Health` in this process comes from."""
    rang = any(isinstance(callback, Health) and callback.has_rung for callback in run.trainer.callbacks)
    if not rang or not run.trainer.is_global_zero or last_checkpoint(folder) is None:
        return
    print(
        f"cause: {_cause_in_words(run, folder)}; see saddle diagnose {quoted_for_shell(relative(folder))}",
        file=sys.stderr,
    )


def _cause_in_words(run: Run, folder: Path) -> str:
    """The most likely cause of what ails a run, and how sure that is."""
    from saddle.diagnosis.report import diagnose  # only for such a run
    from saddle.run.finished import FinishedRun

    try:
        opened = FinishedRun.open(folder)
        if isinstance(run.data, ImageData | PointData):
            opened.data = run.data  # which is in memory already
        ills = diagnose(opened).ills
    except InputError:
        return "not found"
    return f"{ills[0].cause.name} ({ills[0].sureness})" if ills else "not found"
