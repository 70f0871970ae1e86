"""`saddle replay RUN`: the same run from one of its moments on, with one thing changed."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from saddle.config.command_line import CommandLine
from saddle.error import Failed, InputError, Stopped
from saddle.tool.argument import count, path_of
from saddle.tool.beside import show_beside
from saddle.tool.output import check_new, write_json, writing

if TYPE_CHECKING:
    from saddle.run.replay import Request
    from saddle.run.retrace import FirstDifference
    from saddle.training.difference import Difference


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "replay",
        help="branch off a run: the same data and noise, one thing changed",
        description="Go on with RUN from iteration N in a folder of its own, with the same data in the same order and "
        "the same noise, and with what the SETTINGs change. Says in which iteration and in which losses, gradients and "
        "weights the branch first differs from the run. Without a SETTING it is the run itself, to the bit.",
    )
    parser.add_argument("path", metavar="RUN", type=path_of, help="a run folder or a checkpoint file")
    parser.add_argument(
        "settings",
        nargs="*",
        default=[],
        metavar="SETTING",
        help="what changes, as on the command line of training: penalty=none, optimizer.discriminator.lr=0.002",
    )
    parser.add_argument("--at", type=count, required=True, metavar="N", help="the iterations before the branch begins")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--for", type=count, dest="iterations", metavar="N", help="iterations (default: to RUN's end)")
    length.add_argument("--images", type=count, metavar="N", help="the same in images")
    parser.add_argument("--out", type=path_of, required=True, metavar="FOLDER", help="the folder of the branch")
    parser.set_defaults(run=replay)


def replay(arguments: argparse.Namespace) -> None:
    """Make the branch that the command line asks for, train it, and show it beside its run; overwrites nothing."""
    check_new(arguments.out, may_be_empty_folder=True)
    if not arguments.path.exists():
        raise InputError(f"{arguments.path}: there is no such run folder or checkpoint")
    changes = CommandLine.parse(arguments.settings).overrides
    from saddle.run.replay import Request
    from saddle.run.replay import replay as play

    request = Request(arguments.path, arguments.at, arguments.out, changes, arguments.iterations, arguments.images)
    with _leaving_as_training():
        play(request, lambda first: _tell(first, request))
    _show(request)


@contextmanager
def _leaving_as_training() -> Iterator[None]:
    """Inside, training that was stopped or failed ends the command with the exit code of training."""
    try:
        yield
    except Stopped as stopped:
        raise SystemExit(_said(stopped, 128 + stopped.number)) from stopped
    except Failed as failed:
        raise SystemExit(_said(failed, 1)) from failed


def _said(error: Exception, code: int) -> int:
    print(error, file=sys.stderr)
    return code


# the first difference


def _tell(first: "FirstDifference", request: "Request") -> None:
    """Print what the changes touch first, and write it into the branch's folder."""
    from saddle.layout import REPLAY
    from saddle.run.replay import difference_as_values

    print(sentence_of(first, request.changes))
    folder = request.out / REPLAY
    with writing(folder):
        folder.mkdir()
    write_json(difference_as_values(first), folder / "difference.json")


def sentence_of(first: "FirstDifference", changes: Sequence[str]) -> str:
    """What changes touch first, in words and a table."""
    changed = " ".join(changes)
    if first.iteration is None:
        return f"{changed}: the branch does not differ from its run"
    rows = [("turn", "what", "run", "branch", "relative")]
    rows += [_row(difference) for difference in first.differences]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(
        [f"{changed}: the branch first differs in iteration {first.iteration:,}", *(f"  {line}" for line in lines)]
    )


_KINDS = {
    "turn": "the turn itself",
    "loss": "loss {}",
    "gradient": "gradient of {}",
    "weight": "weights of {}",
    "buffer": "buffers of {}",
    "state": "state of {}",
    "average": "average of {}",
}


def _row(difference: "Difference") -> tuple[str, str, str, str, str]:
    what = _KINDS[difference.kind].format(difference.name)
    relative = "-" if difference.relative is None else f"{difference.relative:.2g}"
    return difference.turn or "-", what, _number(difference.run), _number(difference.branch), relative


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


# pictures


def _show(request: "Request") -> None:
    """Draw the branch beside its run, and say where."""
    from saddle.run.folder import run_of

    for path in show_beside(run_of(request.path), request.out, request.at):
        print(f"  beside  {path}")
