"""`saddle interpolate RUN`: the images on the way from one latent to another."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.tool.argument import count, index
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor, nn


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
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder or a checkpoint file")
    parser.add_argument(
        "settings", nargs="*", metavar="SETTING", help="with --images: data.root=..., if the data was moved"
    )
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
    from saddle.run.resume import checkpoint_of
    from saddle.training.sampling import all_labels, as_bytes, through

    checkpoint = checkpoint_of(arguments.path)
    generator = _generator(checkpoint)
    if arguments.images:
        ends, codes, labels = _pairs(checkpoint, arguments)
    else:
        ends, codes, labels = None, _latents(generator, arguments), all_labels(generator, arguments.rows)
    told = [labels.repeat_interleave(arguments.steps)] if generator.classes else []
    images = as_bytes(through(generator, _way(generator, codes, arguments.steps), *told))
    rows = images.unflatten(0, (arguments.rows, arguments.steps))
    with writing(arguments.out):
        _write_grid(rows, ends, arguments.out)
    print(f"{arguments.rows} ways of {arguments.steps} images by {checkpoint} in {arguments.out}")


def _generator(checkpoint: Path) -> "nn.Module":
    """The run's generator; InputError unless it makes images of a latent."""
    from saddle.tool.evaluate_points import is_of_points
    from saddle.tool.sample import load_generator
    from saddle.training.sampling import reads

    if is_of_points(checkpoint):
        raise InputError(f"{checkpoint} makes points, and a way between points shows nothing: take a run on images")
    generator = load_generator(checkpoint)
    if reads(generator) != "latent":
        raise InputError(f"{checkpoint} translates images: there is no latent to go through")
    return generator


def _latents(generator: "nn.Module", arguments: argparse.Namespace) -> "Tensor":
    """Both ends of each row, (rows, 2, latent_dim): those of `saddle sample`."""
    from saddle.training.noise import fixed_noise

    return fixed_noise(arguments.seed, "samples", (2 * arguments.rows, generator.latent_dim)).unflatten(0, (-1, 2))


def _pairs(checkpoint: Path, arguments: argparse.Namespace) -> "tuple[Tensor, Tensor, Tensor | None]":
    """Images at both ends of each row, uint8 (rows, 2, C, H, W), their codes, and the labels (rows,) of the left ones.

    They are chosen by the seed; more rows begin with the same ones.
    """
    from saddle.run.data import run_data
    from saddle.seed import fixed_order
    from saddle.tool.encode import codes_of, images_of, load_encoder
    from saddle.training.checkpoint import MARK, read_checkpoint

    encoder = load_encoder(checkpoint)
    data = run_data(read_checkpoint(checkpoint)[MARK]["record"], arguments.settings)
    images, labels, kind = images_of(data)
    asked = 2 * arguments.rows
    if asked > len(images):
        raise InputError(f"--rows {arguments.rows} needs {asked} images, and there are {len(images)} {kind}")
    chosen = fixed_order(len(images), f"pairs {arguments.seed}")[:asked]
    codes = codes_of(encoder, images[chosen])["codes"]
    ends = images[chosen].unflatten(0, (-1, 2))
    return ends, codes.unflatten(0, (-1, 2)), None if labels is None else labels[chosen[::2]]


def _way(generator: "nn.Module", codes: "Tensor", steps: int) -> "Tensor":
    """Latents (rows * steps, latent_dim), row by row."""
    from saddle.training.interpolation import between

    fixed = generator.categories + generator.continuous
    return between(codes[:, 0], codes[:, 1], steps, fixed).flatten(0, 1)


def _write_grid(rows: "Tensor", ends: "Tensor | None", out: Path) -> None:
    """One picture of images, uint8 (rows, steps, C, H, W), between the `ends`, where these are images themselves."""
    import saddle.compat  # noqa: F401  isort: skip
    import torch
    from torchvision.transforms.functional import to_pil_image
    from torchvision.utils import make_grid

    if ends is not None:
        rows = torch.cat([ends[:, :1], rows, ends[:, 1:]], 1)
    grid = make_grid(rows.flatten(0, 1), nrow=rows.shape[1], padding=2, pad_value=128)
    to_pil_image(grid).save(out, format="PNG")
