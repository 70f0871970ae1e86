"""`saddle film RUN`: the grids of a run as a film."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from saddle.error import InputError
from saddle.memory import more_than_free
from saddle.picture.film import FORMATS, frames, picture_bytes, write_film
from saddle.tool.argument import path_of, positive, scale
from saddle.tool.output import check_new, check_room, writing


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "film",
        help="the sample grids of a run as a film",
        description="Join the grids in RUN/samples, drawn from the same noise over the run, into a film. Grids come at "
        "growing intervals, so that the film shows the beginning slowly.",
    )
    parser.add_argument("path", metavar="RUN", type=path_of, help="a run folder")
    parser.add_argument("--out", type=path_of, required=True, help="a file that ends in .gif or .webp")
    parser.add_argument("--seconds", type=positive(3600), default=8.0, help="how long the film is (default 8)")
    parser.add_argument(
        "--scale",
        type=scale,
        default=1,
        metavar="N",
        help="each pixel of a grid becomes a square of N x N (default 1: a run enlarges its grids itself)",
    )
    parser.set_defaults(run=film)


def film(arguments: argparse.Namespace) -> None:
    """Write the film that the command line asks for; refuses to overwrite."""
    out = arguments.out
    if out.suffix.lower() not in FORMATS:
        raise InputError(f"--out {out}: a film ends in .gif or .webp")
    check_new(out)
    grids = sorted((arguments.path / "samples").glob("*.png"))
    if len(grids) < 2:
        raise InputError(f"{arguments.path}: expected a run folder with two grids or more in samples/")
    _check_room(grids, arguments.scale, out)
    images = frames(grids, arguments.scale)
    with writing(out):
        write_film(images, out, arguments.seconds)
    print(f"{len(images)} grids of {arguments.path} in {out}")


def _check_room(grids: Sequence[Path], scale: int, out: Path) -> None:
    """Raise InputError if the frames fit into neither memory nor disk."""
    size = sum(map(picture_bytes, grids)) * scale**2
    excess = more_than_free(2 * size)
    if excess:
        raise InputError(f"{grids[0].parent}: a film of {len(grids)} grids needs {excess}: take some grids away")
    check_room(out, size // 3)  # a frame has at most one byte per pixel
