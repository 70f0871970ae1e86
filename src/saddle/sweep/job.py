"""Plays one job of a sweep, and prepares the process of the sweep before the first job."""

import gc
import logging
import multiprocessing
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

import saddle.sweep.resolver  # noqa: F401
from saddle.config.checked import CheckedConfig
from saddle.config.override import quoted
from saddle.config.place import sweep_began_in
from saddle.error import Failed, InputError, Stopped
from saddle.file import failure_of
from saddle.interrupt import TERMINATE_KILLS, listen
from saddle.layout import SWEEP_FILE
from saddle.run.checkpoint import checkpoint_of
from saddle.run.folder import ERROR, clear, last_checkpoint, objective_value, state_of, summary_of
from saddle.run.lock import hold, let_go
from saddle.run.start import start
from saddle.sweep.jobs import planned_jobs
from saddle.terminal import prepare_output
from saddle.threads import share_cores, usable_cores

begun: list[Path] = []
"""The folder of the sweep that this process started; empty in a worker, which only plays its jobs."""

_stopped: int | None = None
"""The number of the signal that ended the sweep."""

_may_have_begun = False
"""Whether the jobs of this process may have begun in an earlier one, as those do that a scheduler queues again."""

_playing = False
"""Whether this process plays a job."""


class SweepStart(Callback):
    """Hydra's hook before a sweep: it fixes and locks the folder, shares the cores, and handles signals."""

    def on_multirun_start(self, config: DictConfig, config_name: str | None) -> None:  # type: ignore[override]
        """Prepare a sweep. Hydra calls this with these two arguments, and drops what it raises."""
        try:
            folder = Path(config.hydra.sweep.dir).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            jobs = planned_jobs(_plain(config.hydra))
            folder_then = sweep_began_in(folder) or Path.cwd()
        except (OSError, HydraException, OmegaConfBaseException):
            return  # Hydra's sweeper meets the same error and reports it
        with open_dict(config):
            config.hydra.sweep.dir = str(folder)
            config.hydra.runtime.cwd = str(folder_then)  # from which relative paths are taken
            config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(folder)}")
        if not hold(folder):  # until the process ends
            print(f"resume={folder}: another process is at this sweep; wait for it or end it first", file=sys.stderr)
            sys.exit(2)
        begun.append(folder)
        if jobs is None:
            OmegaConf.save(config, folder / SWEEP_FILE)  # as Hydra's basic sweeper does
        if not config.hydra.verbose:
            logging.getLogger("hydra").setLevel(logging.WARNING)  # `play` names the jobs
        workers = config.hydra.launcher.get("n_jobs")
        if workers is None:
            listen(_stop)
            return
        _share_cores(workers, None if jobs is None else len(jobs))
        listen(_pass_on)


def _plain(node: DictConfig) -> dict[str, Any]:
    """A node as a dictionary, with its interpolations as text."""
    values = OmegaConf.to_container(node, resolve=False)
    assert isinstance(values, dict)
    return {str(name): value for name, value in values.items()}


def _share_cores(workers: int, jobs: int | None) -> None:
    """Give each worker its share of the cores; joblib counts -1 as all cores, -2 as all but one."""
    count = workers if workers > 0 else max(1, usable_cores() + 1 + workers)
    share_cores(count if jobs is None else min(count, jobs))


def stopped() -> int | None:
    """The number of the signal that ended the sweep in this process, or None."""
    return _stopped


def note(number: int) -> None:
    """Record that signal `number` ended the sweep, unless an earlier one did."""
    global _stopped
    _stopped = _stopped or number


def begin_as_requeued() -> dict[int, Any]:
    """Prepare a process whose job may have begun in an earlier one, so that it goes on from its checkpoint.

    From now on signals end the job in good order. Returns the handlers before, by signal.
    """
    global _may_have_begun
    _may_have_begun = True
    return listen(_stop)


def play(folder: Path, compose: Callable[[], CheckedConfig]) -> float | None:
    """Train a job of a sweep in `folder` with the config of `compose`; returns its objective, or None if it failed.

    If the config has `resume` (the sweep goes on), a finished job is skipped and one with a checkpoint is resumed. The
    reason of a failure is written to error.txt. A signal ends the sweep by SystemExit; a worker skips its further jobs.
    """
    global _playing
    if not begun:
        listen(_stop)
        prepare_output()
    try:
        if _stopped is not None:
            raise SystemExit(128 + _stopped)
        _playing = True
        return _play_locked(folder, compose)
    except SystemExit:
        if begun:
            raise
        return None  # after an exception in a worker joblib would kill the others before they have saved
    finally:
        _playing = False
        gc.unfreeze()  # what a compiled executor froze
        gc.collect()  # the trainer and its parts refer to each other


def _play_locked(folder: Path, compose: Callable[[], CheckedConfig]) -> float | None:
    """Play the job with its folder locked; a job that another process plays is left alone."""
    if not hold(folder):  # a worker whose sweep was killed goes on until its job is done
        print(f"job {folder.name}: another process is at it; it is left alone", file=sys.stderr, flush=True)
        return None
    try:
        return _train_or_note(folder, compose)
    finally:
        let_go(folder)


def _train_or_note(folder: Path, compose: Callable[[], CheckedConfig]) -> float | None:
    """Train the job; if that fails, write the reason to error.txt."""
    try:
        config = compose()
        value = _train(folder, config)
        if value is None and config.objective is not None:
            _say_not_measured(folder, config.objective)
        return value
    except Stopped as stop:
        note(stop.number)
        raise SystemExit(128 + stop.number) from stop
    except (InputError, Failed) as error:
        reason = str(error)
    except OSError as error:
        reason = f"{Failed.BEGINS}{failure_of(error)}"
    except Exception:
        reason = traceback.format_exc()
    (folder / ERROR).write_text(reason.rstrip() + "\n", encoding="utf-8")
    print(f"job {folder.name} failed: {reason.rstrip().splitlines()[-1]}", file=sys.stderr, flush=True)
    return None


def _say_not_measured(folder: Path, objective: str) -> None:
    """Say on stderr that a job did not measure the objective by which the sweep compares jobs."""
    measured = ", ".join(summary_of(folder).get("metrics", {}))
    print(f"objective={objective}: not measured; {folder / 'summary.json'} has {measured}", file=sys.stderr, flush=True)


def _train(folder: Path, config: CheckedConfig) -> float | None:
    """Train, resume or skip the job; returns its objective. Raises what `saddle.run.train.train` raises."""
    goes_on = config.resume or _may_have_begun
    if goes_on and state_of(folder)[0] == "finished":
        print(f"job {folder.name}: finished already", flush=True)
        return objective_value(config.objective, folder)
    if goes_on:
        config = replace(config, resume=_begin_or_go_on(folder))
    (folder / ERROR).unlink(missing_ok=True)
    resumed = ": resumed" if config.resume else ""
    print(f"job {folder.name}{resumed}", flush=True)
    if config.trainer["strategy"] != "auto":
        raise InputError("trainer: a sweep trains each job in one process; use trainer=default, cpu or gpu with -m")
    return start(replace(config, is_job=True))


def _begin_or_go_on(folder: Path) -> str | None:
    """The checkpoint from which a job goes on; without one, None, and the files of an earlier start are removed."""
    if last_checkpoint(folder) is not None:
        return str(checkpoint_of(folder))
    clear(folder)
    return None


def _stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal: end the current job, if there is one, and begin no other."""
    first = _stopped is None
    note(number)
    if _playing and first:
        raise SystemExit(128 + number)


def _pass_on(number: int, frame: FrameType | None) -> None:
    """Handle a signal: make the workers end their jobs with a checkpoint; a second signal interrupts at once."""
    if _stopped is not None:
        raise KeyboardInterrupt
    _stop(number, frame)  # with one worker joblib plays the jobs in this process
    if TERMINATE_KILLS:
        return  # the console has told the workers, too
    for child in multiprocessing.active_children():
        child.terminate()
