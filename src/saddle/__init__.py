"""saddle trains generative adversarial networks on PyTorch Lightning, configured by Hydra.

Importing the package loads nothing heavy, so that `--help` and a refused setting answer at once.
"""

import sys
from typing import TYPE_CHECKING

from saddle.pages import use_huge_pages
from saddle.threads import set_thread_policy
from saddle.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from saddle.run.finished import FinishedRun


__all__ = ["__version__", "open_run", "train"]


def train(overrides: "Sequence[str]" = (), config_dir: "Path | None" = None) -> "FinishedRun":
    """Train one run and open it: `saddle.train(["data=digits", "trainer.max_steps=1000"])`.

    `overrides` are those of the command line, `resume=RUN` included; `config_dir` is a folder of config files of your
    own. What is written lies in the run's folder (`hydra.run.dir=FOLDER`; by default a new one below outputs/).
    Signals, the working directory, logging and random numbers are left as they were.

    Raises `saddle.error.InputError` before training for wrong input, which includes a second run at once in this
    process, `Failed` if training goes wrong, and `Stopped` after Ctrl-C, with a checkpoint.
    """
    _prepare()
    from saddle.run.from_python import train

    return train(overrides, config_dir)


def open_run(path: "Path | str", settings: "Sequence[str]" = ()) -> "FinishedRun":
    """The run in a run's folder or checkpoint file: `saddle.open_run("RUN").sample(64, labels=7)`.

    `settings` may hold "data.root=FOLDER", if the run's data was moved. Raises `saddle.error.InputError` if there is no
    run, or its checkpoint is damaged.
    """
    _prepare()
    from saddle.run.finished import FinishedRun

    return FinishedRun.open(path, settings)


def _prepare() -> None:
    """Take the plugins that the environment names now, and use as many threads and as large pages as the commands do.

    torch asks for both when it is imported.
    """
    from saddle.plugin import trust_environment

    trust_environment()
    if "torch" not in sys.modules:
        set_thread_policy()
        use_huge_pages()
