"""`saddle interpolate RUN`: the images on the way from one latent to another."""

import argparse

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, add_scale, check_request, count, index, options_named, path_of
from saddle.tool.output import check_kind, check_new, write_picture


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "interpolate",
        help="the images on the way from one latent to another",
        description="Each row goes from one latent to another by spherical linear interpolation (Shoemake 1985; White "
        "2016), through the averaged generator of RUN. Without labels row r begins with sample 2r of saddle sample and "
        "the same seed, and ends with sample 2r + 1. A conditional run shows one class per row; the code of InfoGAN "
        "stays the same in a row. With --images rows go between held-out images, by the run's encoder.",
    )
    add_run(parser, settings="with --images: data.root=..., if the data was moved")
    parser.add_argument("--rows", type=count, default=8, help="how many pairs (default 8)")
    parser.add_argument("--steps", type=count, default=10, help="images from end to end, at least 2 (default 10)")
    parser.add_argument("--seed", type=index, default=0, help="seed of the latents, or of the choice of images")
    parser.add_argument(
        "--images",
        action="store_true",
        help="go between the codes of two held-out images, which stand left and right of the row (training images "
        "where the data set holds out no others); a conditional generator is told the label of the left one",
    )
    parser.add_argument("--out", type=path_of, required=True, help="a PNG file")
    add_scale(parser)
    parser.set_defaults(run=interpolate)


@options_named()
def interpolate(arguments: argparse.Namespace) -> None:
    """Write the picture that the command line asks for; refuses to overwrite."""
    check_new(arguments.out)
    check_kind(arguments.out, ".png")
    if arguments.settings and not arguments.images:
        raise InputError(f"{arguments.settings[0]}: data is read with --images alone; leave it out")
    run = FinishedRun.open(arguments.path, arguments.settings)
    rows, steps = arguments.rows, arguments.steps
    check_request(run, arguments.out, rows, "rows", each=steps, scale=arguments.scale)
    images = run.interpolate(rows, steps=steps, seed=arguments.seed, images=arguments.images)
    from saddle.picture.grid import names_of, row_grid, scale_of

    labels = None if arguments.images else run.labels(rows)  # with images the left ones decide
    names = () if labels is None else names_of(labels, run.class_names)
    write_picture(row_grid(images, names, arguments.scale or scale_of(images)), arguments.out)
    print(f"{rows} ways of {steps} images by {run.checkpoint} in {arguments.out}")
