"""What Hydra changes in a process, and how saddle puts it back: its one instance, and the current folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hydra import version
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig


@contextmanager
def own_hydra() -> Iterator[None]:
    """Inside, Hydra is not initialized, whatever the program uses it for; afterwards it is as it was."""
    others, base = GlobalHydra.instance().hydra, version.VersionBase.instance().version_base
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        GlobalHydra.instance().hydra = others
        version.VersionBase.instance().version_base = base


def leave_run_folder() -> None:
    """Return to the folder of the command if Hydra has changed into the run's (`hydra.job.chdir=true`).

    So relative paths keep their meaning.
    """
    settings = HydraConfig.get()
    if settings.job.chdir:
        os.chdir(settings.runtime.cwd)
