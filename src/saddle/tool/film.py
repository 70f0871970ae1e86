"""`saddle film RUN`: the grids of a run as a film."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.tool.argument import positive
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = {".gif": "GIF", ".webp": "WEBP"}
_HOLD = 4
"""How many times as long as the others the last grid is shown."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "film",
        help="the sample grids of a run as a film",
        description="Join the grids in RUN/samples, drawn from the same noise over the run, into a film. Grids come at "
        "growing intervals, so that the film shows the beginning slowly.",
    )
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder")
    parser.add_argument("--out", type=Path, required=True, help="a file that ends in .gif or .webp")
    parser.add_argument("--seconds", type=positive(3600), default=8.0, help="how long the film is (default 8)")
    parser.set_defaults(run=film)


def film(arguments: argparse.Namespace) -> None:
    """Write the film that the command line asks for; refuses to overwrite."""
    out = arguments.out
    if out.suffix.lower() not in _FORMATS:
        raise InputError(f"--out {out}: a film ends in .gif or .webp")
    check_new(out)
    grids = sorted((arguments.path / "samples").glob("*.png"))
    if len(grids) < 2:
        raise InputError(f"{arguments.path}: expected a run folder with two grids or more in samples/")
    frames = _frames(grids)
    milliseconds = round(1000 * arguments.seconds / (len(frames) - 1 + _HOLD))
    with writing(out):
        frames[0].save(
            out,
            format=_FORMATS[out.suffix.lower()],
            save_all=True,
            append_images=frames[1:],
            duration=[milliseconds] * (len(frames) - 1) + [_HOLD * milliseconds],
            loop=0,
        )
    print(f"{len(frames)} grids of {arguments.path} in {out}")


def _frames(grids: list[Path]) -> list["Image"]:
    """The pictures, all as large as the last, each above a line that names its iteration."""
    from PIL import Image, ImageDraw

    pictures = [Image.open(path).convert("RGB") for path in grids]
    width, height = pictures[-1].size
    frames = []
    for path, picture in zip(grids, pictures, strict=True):
        frame = Image.new("RGB", (width, height + 16), (128, 128, 128))
        frame.paste(picture, (0, 0))
        label = f"iteration {int(path.stem):,}" if path.stem.isdecimal() else path.stem
        ImageDraw.Draw(frame).text((4, height + 2), label, fill=(255, 255, 255))
        frames.append(frame)
    return frames
