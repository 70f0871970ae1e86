"""`keep=RUN`: training that is started again whenever it is killed, until it is done."""

import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from saddle.config.command_line import CommandLine
from saddle.config.override import key_of, quoted
from saddle.error import InputError
from saddle.interrupt import SENT_TO_ALL, killer_of, listen
from saddle.plugin import environment
from saddle.run.folder import SETTINGS, clear, is_finished, last_checkpoint, last_file
from saddle.run.lock import hold, let_go

_FUTILE = 3
"""The number of starts in a row without a new checkpoint after which `keep` gives up."""

_COMMAND = [sys.executable, "-P", "-m", "saddle", "train"]
"""Trains: by the module, so that it does not matter how this process was begun."""


def keep(command: CommandLine) -> int:
    """Train in the folder RUN of `keep=RUN`, in a process that is started again whenever it is killed.

    If RUN has a checkpoint, training goes on from there. So the same command begins a run and, after a reboot, goes on
    with it. It returns the exit code of training when that is done, refused, failed by itself, or stopped by a signal,
    which is passed on. It gives up after three starts in a row without a new checkpoint. Raises InputError for
    arguments that do not go with `keep`.
    """
    run = Path(command.settings["keep"])
    settings = [text for text in command.overrides if key_of(text) != "keep"]
    _check(run, command, settings)
    futile = 0
    while True:
        before = _stamps(run)
        code = _train([*_begin_or_go_on(run), *settings, *command.flags])
        after = _stamps(run)
        killer = killer_of(code)
        if killer is None:
            return code
        if after["summary"] != before["summary"] and is_finished(run):
            return 0  # killed on its way out
        futile = 0 if after["checkpoint"] != before["checkpoint"] else futile + 1
        if futile == _FUTILE:
            print(
                f"\nkeep={run}: killed by {killer} {futile} times without a new checkpoint: given up", file=sys.stderr
            )
            return code
        print(f"\nkeep={run}: training was killed by {killer}; starting it again", file=sys.stderr, flush=True)


def _check(run: Path, command: CommandLine, settings: list[str]) -> None:
    """Raise InputError for settings that do not go with `keep`, and for a path that cannot be a run's folder."""
    sweeps_or_shows = command.flags if command.only_shows or command.is_multirun else ()
    for text in (*sweeps_or_shows, *settings):
        if text in sweeps_or_shows or key_of(text) in ("resume", "hydra.run.dir", "folder"):
            raise InputError(
                f"{text} does not go with keep={run}, which is the folder of one run, new or old: leave it out"
            )
    if run == Path() or run.is_file():
        raise InputError(f"keep={run}: name the folder of a run, new or old")


def _begin_or_go_on(run: Path) -> list[str]:
    """The overrides with which training goes on in `run`, or begins.

    Files of an earlier start without a checkpoint are removed. Raises InputError if another process is at the run.
    """
    if last_checkpoint(run) is not None:
        return [f"resume={quoted(run)}"]
    if (run / SETTINGS).is_dir() and not (run / "summary.json").exists():
        if not hold(run):
            raise InputError(f"keep={run}: another process is at this run; wait for it or end it first")
        clear(run)
        let_go(run)
    return [f"hydra.run.dir={quoted(run)}"]


def _stamps(run: Path) -> dict[str, tuple[int, int] | None]:
    """The stamps of the run's checkpoint and summary, which change when those are written anew."""
    return {"checkpoint": _stamp(last_file(run)), "summary": _stamp(run / "summary.json")}


def _stamp(file: Path) -> tuple[int, int] | None:
    """Time and inode of a file; None if there is none."""
    if not file.exists():
        return None
    status = file.stat()
    return status.st_mtime_ns, status.st_ino


def _train(overrides: list[str]) -> int:
    """Train in a process and pass signals on to it; returns its exit code, or 128 plus the signal that ended it."""
    signals: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number in SENT_TO_ALL:
            return  # training gets it, too, where a second Ctrl-C means to stop at once
        signals.append(number)
        for process in processes:
            process.send_signal(number)

    handlers = listen(pass_on)
    process = subprocess.Popen([*_COMMAND, *overrides], env=environment())
    processes.append(process)
    if signals:  # one came before the process was there
        process.send_signal(signals[0])
    code = process.wait()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return code if code >= 0 else 128 - code
