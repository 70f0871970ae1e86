"""`saddle reconstruct RUN`: images of a run's data, and what is left of them after encoder and generator."""

import argparse
from typing import TYPE_CHECKING

from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, add_scale, check_request, count, options_named, path_of
from saddle.tool.output import check_kind, check_new, write_picture

if TYPE_CHECKING:
    from torch import Tensor

_COLUMNS, _GRAY = 10, 128


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "reconstruct",
        help="images of a run's data above what its encoder and generator make of them",
        description="Encode held-out images by the averaged encoder of RUN, decode their codes (of a gaussian encoder "
        "the means) by its averaged generator, and show each row of images above its reconstructions. A conditional "
        "generator is told each image's own label. Training images where the data set holds out no others.",
    )
    add_run(parser)
    parser.add_argument(
        "--num", type=count, help="how many images; a larger number begins with the same ones (default 40)"
    )
    parser.add_argument("--out", type=path_of, required=True, help="a PNG file")
    add_scale(parser)
    parser.set_defaults(run=reconstruct)


@options_named()
def reconstruct(arguments: argparse.Namespace) -> None:
    """Write the picture and print the mean squared error of what it shows; refuses to overwrite."""
    check_new(arguments.out)
    check_kind(arguments.out, ".png")
    run = FinishedRun.open(arguments.path, arguments.settings)
    check_request(run, arguments.out, arguments.num or 1, copies=2, scale=arguments.scale)
    images, reconstructions, error = run.reconstruct(num=arguments.num)
    write_picture(_grid(images, reconstructions, arguments.scale), arguments.out)
    print(f"{len(images)} reconstructions by {run.checkpoint} in {arguments.out}")
    print(f"mean squared error per pixel {error:.5f} (black to white is 1)")


def _grid(images: "Tensor", reconstructions: "Tensor", scale: int | None) -> "Tensor":
    """One picture, uint8 (C, H, W): rows of images (N, C, H, W), each above the row of their reconstructions."""
    from torch.nn.functional import pad

    from saddle.game.encoding import beside
    from saddle.picture.grid import on_checkerboard, row_grid, scale_of

    images, reconstructions = on_checkerboard(images), on_checkerboard(reconstructions)
    columns = min(_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    empty = (0, 0, 0, 0, 0, 0, 0, rows * columns - len(images))
    pairs = beside(pad(images, empty, value=_GRAY), pad(reconstructions, empty, value=_GRAY), columns, rows)
    return row_grid(pairs, scale=scale or scale_of(pairs))
