"""The entry points of both commands. Importing this loads neither torch nor Hydra."""

import os
import signal
import sys

from saddle.error import InputError
from saddle.interrupt import Interrupted, leave, listen
from saddle.rank import is_first
from saddle.terminal import print_all_characters


def train() -> None:
    """`python train.py [overrides]`: train, and exit with 0, 1 (failed), 2 (wrong input), or 128 plus a signal."""
    listen(leave)
    print_all_characters()
    try:
        _train()
    except Interrupted as interrupted:
        from saddle.run.lock import remove_claimed

        remove_claimed()
        if is_first():
            name = signal.Signals(interrupted.number).name
            print(f"stopped by {name} before training began: give the same command again", file=sys.stderr, flush=True)
        os._exit(128 + interrupted.number)  # at once: half-imported packages would print tracebacks


def _train() -> None:
    """Train once, or with `keep=RUN` until the run is done."""
    if any(text.startswith("keep=") for text in sys.argv[1:]):
        from saddle.run.restart import keep

        try:
            sys.exit(keep(sys.argv[1:]))
        except InputError as error:
            print(error, file=sys.stderr)
            sys.exit(2)
    from saddle.cli.launch import launch

    launch()


def main() -> int:
    """`saddle COMMAND ...`: tools over finished runs. Returns the exit code."""
    from saddle.threads import set_thread_policy

    set_thread_policy()
    print_all_characters()
    from saddle.cli.tools import run_tool

    return run_tool(sys.argv[1:])
