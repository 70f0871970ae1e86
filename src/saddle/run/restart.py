"""`python train.py keep=RUN ...`: a run that begins, goes on and begins again, until it is done."""

import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from saddle.config.override import key_of, quoted, value_of
from saddle.error import InputError
from saddle.interrupt import SIGNALS, listen
from saddle.run.folder import SETTINGS, checkpoints_of, clear, is_finished, last_checkpoint
from saddle.run.lock import hold, let_go

_FUTILE = 3  # starts in a row that brought no checkpoint
_KILLERS = set(signal.valid_signals()) - set(
    SIGNALS
)  # signals that kill a process; SIGNALS ask it to end in good order


def keep(arguments: list[str]) -> int:
    """Train in the folder that `keep=RUN` names, in a process that is started again whenever it is killed; exit code.

    Where RUN has a checkpoint it goes on from there, so the same command begins a run and, after a reboot, goes on with
    it. It ends with training: done, refused, failed by itself, or told to end by a signal, which is passed on. It gives
    up after three starts in a row that brought no new checkpoint. Raises InputError for arguments that cannot go with
    it.
    """
    run = Path(value_of(next(text for text in arguments if key_of(text) == "keep")))
    settings = [text for text in arguments if key_of(text) != "keep"]
    _check(run, settings)
    futile = 0
    while True:
        before = _stamps(run)
        code = _train([*_begin_or_go_on(run), *settings])
        after = _stamps(run)
        if code - 128 not in _KILLERS:
            return code
        if after["summary"] != before["summary"] and is_finished(run):
            return 0  # killed on its way out
        futile = 0 if after["checkpoint"] != before["checkpoint"] else futile + 1
        name = signal.Signals(code - 128).name
        if futile == _FUTILE:
            print(f"\nkeep={run}: killed by {name} {futile} times without a new checkpoint: given up", file=sys.stderr)
            return code
        print(f"\nkeep={run}: training was killed by {name}; starting it again", file=sys.stderr, flush=True)


def _check(run: Path, settings: list[str]) -> None:
    for text in settings:
        if text in ("-m", "--multirun") or key_of(text) in ("resume", "hydra.run.dir"):
            raise InputError(
                f"{text} does not go with keep={run}, which is the folder of one run, new or old: leave it out"
            )
    if run == Path() or run.is_file():
        raise InputError(f"keep={run}: name the folder of a run, new or old")


def _begin_or_go_on(run: Path) -> list[str]:
    """The overrides with which training goes on in `run`, or begins; what an earlier beginning left is removed."""
    if last_checkpoint(run) is not None:
        return [f"resume={quoted(run)}"]
    if (run / SETTINGS).is_dir() and not (run / "summary.json").exists():
        if not hold(run):
            raise InputError(f"keep={run}: another process is at this run; wait for it or end it first")
        clear(run)
        let_go(run)
    return [f"hydra.run.dir={quoted(run)}"]


def _stamps(run: Path) -> dict[str, tuple[int, int] | None]:
    """Times and inodes that change when the checkpoint or the summary is written anew."""
    stamps: dict[str, tuple[int, int] | None] = {}
    for name, file in {"checkpoint": checkpoints_of(run) / "last.ckpt", "summary": run / "summary.json"}.items():
        stamps[name] = (file.stat().st_mtime_ns, file.stat().st_ino) if file.exists() else None
    return stamps


def _train(overrides: list[str]) -> int:
    """Run train.py and return its exit code, 128 and more where a signal ended it; signals are passed on to it."""
    signals: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            return  # Ctrl-C reaches all processes at the terminal by itself, and twice means at once
        signals.append(number)
        for process in processes:
            process.send_signal(number)

    handlers = listen(pass_on)
    process = subprocess.Popen([sys.executable, sys.argv[0], *overrides])
    processes.append(process)
    if signals:  # one came before the process was there
        process.send_signal(signals[0])
    code = process.wait()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return code if code >= 0 else 128 - code
