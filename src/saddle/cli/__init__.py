"""The command line: the only place that knows Hydra. Importing it loads nothing heavy."""

import sys


def train() -> None:
    """`python train.py [overrides]`: train, and exit with 0, 1, 2 (bad input), 130 or 143 (signals)."""
    from saddle.cli.launch import launch

    launch()


def main() -> int:
    """`saddle COMMAND ...`: tools over finished runs. Returns the exit code."""
    from saddle.cli.threads import set_thread_policy

    set_thread_policy()
    from saddle.cli.tools import run_tool

    return run_tool(sys.argv[1:])
