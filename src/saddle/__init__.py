"""saddle trains generative adversarial networks on PyTorch Lightning, configured by Hydra.

Importing the package loads nothing heavy, so that `--help` and a refused setting answer at once.
"""

from typing import TYPE_CHECKING

from saddle.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from saddle.run.finished import FinishedRun


__all__ = ["__version__", "open_run"]


def open_run(path: "Path | str", settings: "Sequence[str]" = ()) -> "FinishedRun":
    """The run in a run's folder or checkpoint file: `saddle.open_run("RUN").sample(64, labels=7)`.

    `settings` may hold "data.root=FOLDER", if the run's data was moved. Raises `saddle.error.InputError` if there is no
    run, or its checkpoint is damaged.
    """
    from saddle.run.finished import FinishedRun

    return FinishedRun.open(path, settings)
