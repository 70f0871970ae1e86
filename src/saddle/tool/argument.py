"""Arguments that several tools share, and kinds of numbers on their command lines."""

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from saddle.error import ArgumentError, InputError
from saddle.file import expanded
from saddle.run.finished import FinishedRun
from saddle.tool.output import check_room

_OPTIONS = {"labels": "label", "runtime_version": "runtime-version"}
"""The options that are not named as the arguments of the methods that they are for."""

_LARGEST_SCALE = 32


def add_run(parser: argparse.ArgumentParser, settings: str = "data.root=..., if the data was moved") -> None:
    """Add the run that a tool reads, and settings of its data, whose help is `settings`."""
    parser.add_argument("path", metavar="RUN", type=path_of, help="a run folder or a checkpoint file")
    parser.add_argument("settings", nargs="*", default=[], metavar="SETTING", help=settings)


def add_scale(parser: argparse.ArgumentParser, of: str = "each pixel of an image") -> None:
    """Add the option that enlarges a picture; without it, `scale_of` chooses."""
    parser.add_argument(
        "--scale",
        type=scale,
        metavar="N",
        help=f"{of} becomes a square of N x N in the picture (default: so that images are easily seen: 3 at 28 pixels, "
        "1 at 128 and more; 1: pixels as they are)",
    )


def check_request(
    run: FinishedRun, out: Path, num: int, name: str = "num", each: int = 1, copies: int = 1, scale: int | None = None
) -> None:
    """Raise InputError if what a tool is to make fits into neither memory nor the disk of `out`.

    It is `num` times `each` images or points, `num` being the argument `name`, in `copies`, whose pixels are enlarged
    by `scale`.
    """
    from saddle.run.argument import bytes_of, check_num

    check_num(run, num, name, each)
    check_room(out, copies * num * each * bytes_of(run) * (scale or 1) ** 2)


@contextmanager
def options_named() -> Iterator[None]:
    """An error about an argument of a method becomes one about the option that gave it."""
    try:
        yield
    except ArgumentError as error:
        option = _OPTIONS.get(error.name, error.name)
        raise InputError(f"--{option} {error.value}: {error.reason}") from error


def path_of(text: str) -> Path:
    """A path, with a leading `~` as the home folder."""
    return Path(expanded(text))


def index(text: str) -> int:
    """An integer of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def count(text: str) -> int:
    """An integer of at least 1."""
    value = index(text)
    if value == 0:
        raise argparse.ArgumentTypeError("use at least 1")
    return value


def scale(text: str) -> int:
    """An integer in 1..32."""
    value = count(text)
    if value > _LARGEST_SCALE:
        raise argparse.ArgumentTypeError(f"use at most {_LARGEST_SCALE}")
    return value


def positive(limit: float = math.inf) -> Callable[[str], float]:
    """A finite number above 0 and at most `limit`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value <= limit or math.isinf(value):
            upper = "" if math.isinf(limit) else f" and at most {limit:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0{upper}")
        return value

    return read
