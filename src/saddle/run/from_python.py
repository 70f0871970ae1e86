"""`saddle.train([...])`: one run from a script or a notebook, which leaves the process as it was."""

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import version
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

import saddle.run.resolver  # noqa: F401
from saddle.config.command_line import CommandLine
from saddle.config.compose import checked
from saddle.config.hydra_state import leave_run_folder, own_hydra
from saddle.config.location import config_folder
from saddle.config.message import one_sentence
from saddle.config.outside import check_command
from saddle.error import InputError
from saddle.interrupt import SIGNALS
from saddle.rank import is_launched
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
    command = CommandLine.parse([*overrides, *flags])
    if command.is_multirun:
        raise InputError("saddle.train trains one run: begin a sweep by saddle train -m")
    if is_launched() and not command.settings.keys() & {"hydra.run.dir", "folder", "resume"}:
        raise InputError(
            "saddle.train: under torchrun or srun name the run's folder for all processes, by hydra.run.dir"
        )
    return command.without_nothing()


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
    """Restore what training changes in a process: signal handlers, folder, environment, logging, Hydra and torch."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    folder, variables, path = Path.cwd(), dict(os.environ), list(sys.path)
    loggers = {name: logging.getLogger(name) for name in ("lightning.pytorch", "hydra")}
    levels = {name: logger.level for name, logger in loggers.items()}
    try:
        with warnings.catch_warnings(), own_hydra(), _torch_as_found():
            yield
    finally:
        for name, logger in loggers.items():
            logger.setLevel(levels[name])
        sys.path[:] = path
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)
        if in_main_thread:
            for number, handler in handlers.items():
                signal.signal(number, handler)


@contextmanager
def _torch_as_found() -> Iterator[None]:
    """Restore torch's random state and modes, end its process group, and let Python collect garbage again."""
    import torch

    dtype, cudnn = torch.get_default_dtype(), torch.backends.cudnn
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    flags = cudnn.benchmark, cudnn.deterministic
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.set_default_dtype(torch.float32)
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
        cudnn.benchmark, cudnn.deterministic = flags
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()  # else the next run would wait for the processes of this one
        gc.unfreeze()  # what a compiled executor froze


def _train(command: CommandLine) -> Path:
    """Train the run that the command line describes, by Hydra as in a terminal; returns its folder.

    Raises what `saddle.run.start.start` raises, and InputError for settings that cannot be composed.
    """
    check_command(command)
    folders: list[Path] = []
    errors: list[Exception] = []

    def task(settings: DictConfig) -> None:
        try:
            leave_run_folder()
            folder = Path(HydraConfig.get().runtime.output_dir)
            folders.append(folder)
            _keep_caches_inside(settings, command, folder)
            config = checked(settings, command.overrides, folder)
            if config.trainer["fast_dev_run"]:
                raise InputError("trainer.fast_dev_run: a trial leaves no run to open; use trainer.max_steps")
            start(config)
        except Exception as error:  # Hydra would print a line of its own
            errors.append(error)

    try:
        with one_sentence(command.overrides):
            command, primary = begin_or_resume(command)
            _run_hydra(command, primary, task)
    except OSError as error:
        raise InputError(f"{error.filename}: {error.strerror}; choose another hydra.run.dir") from error
    finally:
        remove_claimed()
        for folder in folders:
            let_go(folder)
    if errors:
        raise errors[0]
    return folders[0]


def _run_hydra(command: CommandLine, primary: str, task: Callable[[DictConfig], None]) -> None:
    """Have Hydra compose the settings, make the run's folder and call `task`."""
    version.setbase("1.3")
    hydra = Hydra.create_main_hydra2("train", _search_path(command.config_dir))
    try:
        hydra.run(primary, task, list(command.overrides), with_log_configuration=False)
    finally:
        GlobalHydra.instance().clear()  # before its errors are put in words, which composes another config


def _search_path(config_dir: Path | None) -> ConfigSearchPath:
    """The folders in which Hydra looks for config files, as its flag --config-dir adds one."""
    path = create_config_search_path(config_folder())
    if config_dir is not None:
        path.prepend("command-line", f"file://{config_dir.resolve()}", SearchPathQuery(provider="schema"))
    return path


def _keep_caches_inside(settings: DictConfig, command: CommandLine, folder: Path) -> None:
    """Move caches that nobody has placed into the run's folder: a library writes nowhere else."""
    for name in _CACHES:
        if name not in command.settings and OmegaConf.select(settings, name) == _SHARED_CACHE:
            OmegaConf.update(settings, name, str(folder / "cache"))
