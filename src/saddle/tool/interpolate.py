"""`saddle interpolate RUN`: the images on the way from one latent to another."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, count, index
from saddle.tool.output import check_new, write_picture

if TYPE_CHECKING:
    from torch import Tensor


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
    parser.add_argument("--out", type=Path, required=True, help="a PNG file")
    parser.set_defaults(run=interpolate)


def interpolate(arguments: argparse.Namespace) -> None:
    """Write the picture that the command line asks for; refuses to overwrite."""
    check_new(arguments.out)
    if arguments.steps < 2:
        raise InputError(f"--steps {arguments.steps}: a way has two ends: use at least 2")
    if arguments.settings and not arguments.images:
        raise InputError(f"{arguments.settings[0]}: data is read with --images alone; leave it out")
    run = FinishedRun.open(arguments.path)
    _check(run, arguments)
    from saddle.training.sampling import as_bytes, through

    ends = None
    if arguments.images:
        ends, codes, labels = _image_pairs(run, arguments)
    else:
        codes, labels = _latent_pairs(run, arguments), run.labels(arguments.rows)
    inputs = [_way(run, codes, arguments.steps)]
    if run.classes and labels is not None:
        inputs.append(labels.repeat_interleave(arguments.steps))
    images = as_bytes(through(run.generator, *inputs)).unflatten(0, (arguments.rows, arguments.steps))
    write_picture(_grid(images, ends), arguments.out)
    print(f"{arguments.rows} ways of {arguments.steps} images by {run.checkpoint} in {arguments.out}")


def _check(run: FinishedRun, arguments: argparse.Namespace) -> None:
    """Raise InputError unless the run's generator makes images of a latent, and so many fit into memory."""
    if run.makes_points:
        raise InputError(f"{run.checkpoint} makes points, and a way between points shows nothing: take a run on images")
    if run.reads != "latent":
        raise InputError(f"{run.checkpoint} translates images: there is no latent to go through")
    run.check_memory(arguments.rows * arguments.steps, f"--rows {arguments.rows} --steps {arguments.steps}")


def _latent_pairs(run: FinishedRun, arguments: argparse.Namespace) -> "Tensor":
    """Both ends of each row, (rows, 2, latent_dim): those of `saddle sample`."""
    from saddle.training.noise import fixed_noise

    latents = fixed_noise(arguments.seed, "samples", (2 * arguments.rows, run.generator.latent_dim))
    return latents.unflatten(0, (-1, 2))


def _image_pairs(run: FinishedRun, arguments: argparse.Namespace) -> "tuple[Tensor, Tensor, Tensor | None]":
    """Images at both ends of each row, uint8 (rows, 2, C, H, W), their codes, and the labels (rows,) of the left ones.

    They are chosen by the seed; more rows begin with the same ones.
    """
    from saddle.seed import fixed_order
    from saddle.training.encoding import codes_of, images_of

    encoder = run.encoder
    images, labels, description = images_of(run.image_data(arguments.settings))
    num = 2 * arguments.rows
    if num > len(images):
        raise InputError(f"--rows {arguments.rows} needs {num} images, and there are {len(images)} {description}")
    chosen = fixed_order(len(images), f"pairs {arguments.seed}")[:num]
    codes = codes_of(encoder, images[chosen]).codes
    ends = images[chosen].unflatten(0, (-1, 2))
    return ends, codes.unflatten(0, (-1, 2)), None if labels is None else labels[chosen[::2]]


def _way(run: FinishedRun, codes: "Tensor", steps: int) -> "Tensor":
    """Latents (rows * steps, latent_dim), row by row."""
    from saddle.training.interpolation import between

    fixed = run.generator.categories + run.generator.continuous
    return between(codes[:, 0], codes[:, 1], steps, fixed).flatten(0, 1)


def _grid(rows: "Tensor", ends: "Tensor | None") -> "Tensor":
    """One picture of images, uint8 (rows, steps, C, H, W), between the `ends`, where these are images themselves."""
    import torch

    from saddle.picture.grid import row_grid

    if ends is not None:
        rows = torch.cat([ends[:, :1], rows, ends[:, 1:]], 1)
    return row_grid(rows)
