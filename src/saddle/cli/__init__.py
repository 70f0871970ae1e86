"""The entry points of both commands. Importing this loads neither torch nor Hydra."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from saddle.command import begun_by
from saddle.error import InputError
from saddle.file import failure_of, relative
from saddle.interrupt import Interrupted, leave, listen
from saddle.rank import is_first
from saddle.terminal import prepare_output, quoted_for_shell


def train(arguments: Sequence[str] | None = None) -> None:
    """Train as `arguments` say, and exit with 0, 1 (failed), 2 (wrong input), or 128 plus a signal's number.

    Without `arguments` they are those of `python train.py ...`.
    """
    if arguments is None:
        begun_by(f"python {quoted_for_shell(_short(sys.argv[0]))}")
        arguments = sys.argv[1:]
    listen(leave)
    prepare_output()
    try:
        _train(list(arguments))
    except Interrupted as interrupted:
        from saddle.run.lock import remove_claimed

        remove_claimed()
        if is_first():
            name = signal.Signals(interrupted.number).name
            print(f"stopped by {name} before training began: give the same command again", file=sys.stderr, flush=True)
        os._exit(128 + interrupted.number)  # at once: half-imported packages would print tracebacks


def _short(script: str) -> Path:
    """The path of the script that was begun, from the current folder, if there is one."""
    try:
        return relative(Path(script))
    except OSError:
        return Path(script)


def _train(arguments: list[str]) -> None:
    """Train once, or with `keep=RUN` until the run is done."""
    from saddle.plugin import pass_on_folder, trust_environment

    trust_environment()
    pass_on_folder()
    try:
        from saddle.config.command_line import CommandLine

        command = CommandLine.parse(arguments)
        if "keep" in command.settings:
            from saddle.run.restart import keep

            sys.exit(keep(command))
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(failure_of(error), file=sys.stderr)
        sys.exit(2)
    from saddle.cli.launch import launch

    launch(command)


def main() -> int:
    """`saddle train ...`, and `saddle COMMAND ...` for tools over finished runs. Returns the exit code."""
    from saddle.pages import use_huge_pages
    from saddle.threads import set_thread_policy

    set_thread_policy()
    use_huge_pages()
    prepare_output()
    if sys.argv[1:2] == ["train"]:
        train(sys.argv[2:])
        return 0
    from saddle.cli.tools import run_tool
    from saddle.plugin import trust_environment

    trust_environment()

    return run_tool(sys.argv[1:])
