"""`saddle translate RUN`: held-out images of a run's source domain, and what its generators make of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, add_scale, check_request, count, options_named, path_of
from saddle.tool.output import channels_last, check_new, form_of, write_arrays, write_picture

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.run.translate import Translations


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "translate",
        help="what a run that translates makes of held-out images",
        description="Translate held-out images of the source domain by the averaged generator of RUN, and print how "
        "far translations are from the true counterparts, beside what the sources themselves score.",
    )
    add_run(parser)
    parser.add_argument("--num", type=count, help="how many images (default 8)")
    parser.add_argument("--back", action="store_true", help="show what the other generator makes of translations, too")
    parser.add_argument("--out", type=path_of, required=True, help="grid: a PNG file; npz: a file")
    parser.add_argument(
        "--format",
        choices=("grid", "npz"),
        help="grid: one picture (default, and for .png), rows of sources, translations, with --back what comes back, "
        "and true counterparts; npz (for .npz): arrays of these, `sources`, `images`, `back` and `counterparts`, uint8 "
        "(N, H, W, C), and `labels`, int64 (N,), and `class_names`",
    )
    add_scale(parser)
    parser.set_defaults(run=translate)


@options_named()
def translate(arguments: argparse.Namespace) -> None:
    """Write what the command line asks for and print the game's metrics of it; refuses to overwrite."""
    form = form_of(arguments.out, arguments.format, folder_of_files=False)
    check_new(arguments.out)
    run = FinishedRun.open(arguments.path, arguments.settings)
    if arguments.scale is not None and form != "grid":
        raise InputError(f"--scale {arguments.scale}: --format {form} keeps pixels as they are: leave it out")
    check_request(run, arguments.out, arguments.num or 1, copies=4, scale=arguments.scale)
    made = run.translate(num=arguments.num, back=arguments.back)
    images = _shown(made)
    if form == "grid":
        _write_grid(images, arguments.scale, arguments.out)
    else:
        arrays = {name: channels_last(values) for name, values in images.items()}
        write_arrays(arrays, arguments.out, made.labels, run.class_names)
    for name, value in made.metrics.items():
        print(f"  {name:<20}  {value:.4f}")
    print(f"{len(made.sources)} translations of {run.checkpoint} in {arguments.out}")


def _shown(made: "Translations") -> "dict[str, Tensor]":
    """What is shown, uint8 (N, C, H, W), by the names of its arrays, from top to bottom."""
    images = {"sources": made.sources, "images": made.images}
    for name, values in {"back": made.back, "counterparts": made.counterparts}.items():
        if values is not None:
            images[name] = values
    return images


def _write_grid(images: "dict[str, Tensor]", scale: int | None, out: Path) -> None:
    import torch

    from saddle.picture.grid import row_grid, scale_of

    rows = torch.stack(list(images.values()))
    write_picture(row_grid(rows, scale=scale or scale_of(rows)), out)
