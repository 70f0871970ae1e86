"""`saddle table SWEEP`: the table that compares the jobs of a sweep."""

import argparse

from saddle.tool.argument import path_of


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "table",
        help="compare the jobs of a sweep",
        description="Print the table of SWEEP: for each setting the mean and the spread (sample standard deviation) of "
        "the objective over seeds, best first; then the jobs that are not finished, and why. Writes SWEEP/table.csv.",
    )
    parser.add_argument("sweep", metavar="SWEEP", type=path_of, help="the folder of a sweep, with its multirun.yaml")
    parser.set_defaults(run=table)


def table(arguments: argparse.Namespace) -> None:
    """Print the table that the command line asks for."""
    from saddle.sweep.table import show

    show(arguments.sweep)
