"""One job of a sweep, and what the process that starts the jobs does before the first of them."""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from saddle.cli.threads import share_cores, usable_cores
from saddle.config.override import quoted
from saddle.error import Failed, InputError, Stopped
from saddle.interrupt import listen
from saddle.run.folder import clear, hold, let_go
from saddle.sweep.jobs import ERROR, last_checkpoint, objective_of, planned, state_of

begun: list[Path] = []
"""The folder of the sweep that this process started; empty in a worker, which only plays its jobs."""

_stopped: int | None = None
_playing = False


class SweepStart(Callback):
    """Hydra's hook before a sweep: its folder is chosen once, cores are shared, signals end it in good order."""

    def on_multirun_start(self, config: DictConfig, config_name: str | None) -> None:
        try:
            folder = Path(config.hydra.sweep.dir).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            jobs = planned(OmegaConf.to_container(config.hydra, resolve=False))
        except (OSError, HydraException, OmegaConfBaseException):
            return  # Hydra drops what a hook raises; its sweeper meets the same and says it
        with open_dict(config):
            config.hydra.sweep.dir = str(folder)
            config.hydra.overrides.hydra.append(f"hydra.sweep.dir={quoted(folder)}")
        if not hold(folder):  # kept until the process ends
            print(f"resume={folder}: another process is at this sweep; wait for it or end it first", file=sys.stderr)
            sys.exit(2)
        begun.append(folder)
        if jobs is None:
            OmegaConf.save(config, folder / "multirun.yaml")  # as Hydra's basic sweeper does
        if not config.hydra.verbose:
            logging.getLogger("hydra").setLevel(logging.WARNING)  # `play` names the jobs
        parallel = config.hydra.launcher.get("n_jobs")
        if parallel is not None:
            wanted = parallel if parallel > 0 else max(1, usable_cores() + 1 + parallel)
            share_cores(wanted if jobs is None else min(wanted, len(jobs)))
        listen(_stop if parallel is None else _pass_on)


def stopped() -> int | None:
    """The number of the signal that ended the sweep in this process, or None."""
    return _stopped


def note(number: int) -> None:
    """Remember that signal `number` ended the sweep."""
    global _stopped
    _stopped = _stopped or number


def play(folder: Path, read: Callable[[], dict[str, Any]]) -> float | None:
    """Train a job of a sweep in `folder` by the config that `read` gives; its objective, or None if it failed.

    With `resume` in the config (a sweep that goes on) a finished job is skipped, and one with a checkpoint resumed. The
    reason of a failure goes to error.txt. A signal ends the sweep by SystemExit; a worker passes over the jobs to come.
    """
    global _playing
    if not begun:
        listen(_stop)
    try:
        if _stopped is not None:
            raise SystemExit(128 + _stopped)
        _playing = True
        return _play(folder, read)
    except SystemExit:
        if begun:
            raise
        return None  # an exception that leaves a worker has joblib kill the others before they have saved
    finally:
        _playing = False
        gc.unfreeze()  # what a compiled executor froze
        gc.collect()  # the trainer and its parts refer to each other


def _play(folder: Path, read: Callable[[], dict[str, Any]]) -> float | None:
    if not hold(folder):  # a worker whose sweep was killed goes on until its job is done
        print(f"job {folder.name}: another process is at it; it is left alone", file=sys.stderr, flush=True)
        return None
    try:
        return _trained(folder, read)
    finally:
        let_go(folder)


def _trained(folder: Path, read: Callable[[], dict[str, Any]]) -> float | None:
    try:
        config = read()
        if config["resume"] and state_of(folder)[0] == "finished":
            print(f"job {folder.name}: finished already", flush=True)
            return objective_of(config["objective"], folder)
        if config["resume"]:
            config["resume"] = _prepared(folder)
        (folder / ERROR).unlink(missing_ok=True)
        print(f"job {folder.name}{': resumed' if config['resume'] else ''}", flush=True)
        return _train(config)
    except Stopped as signalled:
        note(signalled.number)
        raise SystemExit(128 + signalled.number) from signalled
    except (InputError, Failed) as error:
        reason = str(error)
    except Exception:
        reason = traceback.format_exc()
    (folder / ERROR).write_text(reason.rstrip() + "\n")
    print(f"job {folder.name} failed: {reason.rstrip().splitlines()[-1]}", file=sys.stderr, flush=True)
    return None


def _prepared(folder: Path) -> str | None:
    """What a job goes on from; where there is nothing, what it left behind is removed."""
    if last_checkpoint(folder) is not None:
        return str(folder)
    clear(folder)
    return None


def _train(config: dict[str, Any]) -> float | None:
    from saddle.run.train import run

    if config["trainer"].get("strategy") != "auto":
        raise InputError("trainer: a sweep trains each job in one process; use trainer=default, cpu or gpu with -m")
    return run(config)


def _stop(number: int, frame: FrameType | None) -> None:
    """End the job in play, if there is one; the next one is not begun."""
    first = _stopped is None
    note(number)
    if _playing and first:
        raise SystemExit(128 + number)


def _pass_on(number: int, frame: FrameType | None) -> None:
    """Tell the workers to end their jobs with a checkpoint; a second signal interrupts at once."""
    if _stopped is not None:
        raise KeyboardInterrupt
    _stop(number, frame)  # with one worker joblib plays the jobs in this process
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGTERM)
