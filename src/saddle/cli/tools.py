"""`saddle COMMAND ...`: tools over finished runs; `saddle train` is another door (`saddle.cli.main`)."""

import argparse
import sys

from saddle.error import InputError
from saddle.file import failure_of
from saddle.tool import (
    compare,
    diagnose,
    encode,
    evaluate,
    export,
    extractor,
    film,
    interpolate,
    reconstruct,
    replay,
    sample,
    table,
    translate,
)
from saddle.version import __version__

_OF_ONE_RUN = (sample, encode, reconstruct, interpolate, translate, evaluate, export, film, replay, diagnose)
_TOOLS = (*_OF_ONE_RUN, table, compare, extractor)
"""The commands, in the order in which the help lists them."""


def run_tool(arguments: list[str]) -> int:
    """Run one command; returns the exit code: 0, or 2 (wrong input) or 1 (a failed file) after one sentence."""
    chosen = parsed(arguments)
    try:
        chosen.run(chosen)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(failure_of(error), file=sys.stderr)
        return 1
    return 0


def parser_of_tools() -> argparse.ArgumentParser:
    """The parser of `saddle` with all commands."""
    parser = argparse.ArgumentParser(prog="saddle", description="Train GANs, and use finished runs.")
    parser.add_argument("--version", action="version", version=f"saddle {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("train", help="train a run: see saddle train --help", add_help=False)
    for tool in _TOOLS:
        tool.add_parser(commands)
    return parser


def parsed(arguments: list[str]) -> argparse.Namespace:
    """The arguments of one command; `run` among them is its function. Exits with 2 for arguments that it lacks."""
    parser = parser_of_tools()
    chosen, rest = parser.parse_known_args(arguments)
    settings = [text for text in rest if ("=" in text or text.startswith("~")) and not text.startswith("-")]
    if settings != rest or (rest and "settings" not in chosen):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        chosen.settings += rest  # argparse takes them only before the first option
    return chosen
