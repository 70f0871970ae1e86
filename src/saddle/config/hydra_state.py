"""Hydra's one instance per process: set aside while saddle composes a config, and put back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

from hydra import version
from hydra.core.global_hydra import GlobalHydra


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
