"""`saddle.train([...])`: one run from a script or a notebook, which leaves the process as it was."""

import asyncio
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import version
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

import saddle.run.resolver  # noqa: F401
from saddle.config.command_line import CommandLine
from saddle.config.compose import checked
from saddle.config.location import config_folder
from saddle.config.message import one_sentence
from saddle.config.outside import check_outside
from saddle.config.override import check_hydra
from saddle.error import InputError
from saddle.interrupt import SIGNALS
from saddle.run.finished import FinishedRun
from saddle.run.lock import let_go, remove_claimed
from saddle.run.resume import begin_or_resume
from saddle.run.start import start
from saddle.terminal import output_of_a_guest

_CACHES = ("callback.quality.cache", "data.cache")
"""Settings that name a folder for what later runs use again."""

_SHARED_CACHE = "outputs/cache"
"""Their default, which lies outside of the run's folder."""

_training = threading.Lock()
"""Held while a run trains in this process."""


def train(overrides: Sequence[str], config_dir: Path | None) -> FinishedRun:
    """Train one run and open it; documented as `saddle.train`."""
    command = _command(overrides, config_dir)
    _check_loop()
    if not _training.acquire(blocking=False):
        raise InputError("saddle.train: a run trains in this process already; wait for it, or use another process")
    try:
        with _everything_as_found(), output_of_a_guest():
            return FinishedRun.open(_train(command))
    finally:
        _training.release()


def _command(overrides: Sequence[str], config_dir: Path | None) -> CommandLine:
    """The overrides as a command line of training; raises InputError for what only the real command line takes."""
    if isinstance(overrides, str) or not all(isinstance(text, str) for text in overrides):
        raise InputError('saddle.train: expected a list of texts, as ["data=digits", "seed=1"]')
    flags = [] if config_dir is None else ["--config-dir", str(config_dir)]
    for text in overrides:
        if text.startswith(("-", "keep=")):
            raise InputError(f"saddle.train: {text} is for the command line: give overrides, as data=digits, alone")
    return CommandLine.parse([*overrides, *flags]).without_nothing()


def _check_loop() -> None:
    """Raise InputError inside a coroutine, whose event loop training would block; a notebook's own loop may wait."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    notebooks = sys.modules.get("IPython")
    if notebooks is None or notebooks.get_ipython() is None:
        raise InputError(
            "saddle.train would block the running event loop: use await asyncio.to_thread(saddle.train, [...])"
        )


@contextmanager
def _everything_as_found() -> Iterator[None]:
    """Restore signal handlers, working directory, environment, logging, warnings, Hydra's state, and torch's."""
    import torch

    in_main_thread = threading.current_thread() is threading.main_thread()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    folder, variables = Path.cwd(), dict(os.environ)
    loggers = {name: logging.getLogger(name) for name in ("lightning.pytorch", "hydra")}
    levels = {name: logger.level for name, logger in loggers.items()}
    others_hydra, versions = GlobalHydra.instance().hydra, version.VersionBase.instance()
    base = versions.version_base
    dtype = torch.get_default_dtype()
    try:
        with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.set_default_dtype(torch.float32)
            yield
    finally:
        torch.set_default_dtype(dtype)
        GlobalHydra.instance().hydra = others_hydra
        versions.version_base = base
        for name, logger in loggers.items():
            logger.setLevel(levels[name])
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        if in_main_thread:
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _train(command: CommandLine) -> Path:
    """Train the run that the command line describes, by Hydra as in a terminal; returns its folder.

    Raises what `saddle.run.start.start` raises, and InputError for settings that cannot be composed.
    """
    check_hydra(command.overrides)
    check_outside(command)
    folders: list[Path] = []
    errors: list[Exception] = []

    def task(settings: DictConfig) -> None:
        try:
            folder = Path(settings.folder)
            folders.append(folder)
            _keep_caches_inside(settings, folder)
            start(checked(settings, command.overrides))
        except Exception as error:  # Hydra would print a line of its own
            errors.append(error)

    try:
        with one_sentence(command.overrides):
            command, primary = begin_or_resume(command)
            version.setbase("1.3")
            GlobalHydra.instance().clear()
            hydra = Hydra.create_main_hydra2("train", _search_path(command.config_dir))
            hydra.run(primary, task, list(command.overrides), with_log_configuration=False)
        if errors:
            raise errors[0]
    finally:
        remove_claimed()
        for folder in folders:
            let_go(folder)
    return folders[0]


def _search_path(config_dir: Path | None) -> ConfigSearchPath:
    """The folders in which Hydra looks for config files, as its flag --config-dir adds one."""
    path = create_config_search_path(config_folder())
    if config_dir is not None:
        path.prepend("command-line", f"file://{config_dir.resolve()}", SearchPathQuery(provider="schema"))
    return path


def _keep_caches_inside(settings: DictConfig, folder: Path) -> None:
    """Move caches that nobody has placed into the run's folder: a library writes nowhere else."""
    for name in _CACHES:
        if OmegaConf.select(settings, name) == _SHARED_CACHE:
            OmegaConf.update(settings, name, str(folder / "cache"))
