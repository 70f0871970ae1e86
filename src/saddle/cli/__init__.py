"""The command line. Importing it loads nothing heavy."""

import os
import signal
import sys

from saddle.error import InputError
from saddle.interrupt import Interrupted, leave, listen
from saddle.rank import is_first


def train() -> None:
    """`python train.py [overrides]`: train, and exit with 0, 1, 2 (bad input), or 128 and the number of a signal."""
    listen(leave)
    try:
        _train()
    except Interrupted as interrupted:
        from saddle.run.lock import remove_claimed

        remove_claimed()
        if is_first():
            name = signal.Signals(interrupted.number).name
            print(f"stopped by {name} before training began: give the same command again", file=sys.stderr, flush=True)
        os._exit(128 + interrupted.number)  # packages that are half imported would print more


def _train() -> None:
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
    from saddle.cli.tools import run_tool

    return run_tool(sys.argv[1:])
