"""`saddle sample RUN`: images from a run's averaged generator."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.cli.resume import checkpoint_of
from saddle.error import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "sample",
        help="images from a run's averaged generator",
        description="Draw images from the averaged generator of RUN. The same seed gives the same images, and a "
        "larger --num begins with the same ones.",
    )
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder or a checkpoint file")
    parser.add_argument("--num", type=_count, default=64, help="how many images (default 64)")
    parser.add_argument("--seed", type=_index, default=0, help="seed of the latent noise (default 0)")
    parser.add_argument("--out", type=Path, required=True, help="grid: a PNG file; png: a folder; npz: a file")
    parser.add_argument(
        "--format",
        choices=("grid", "png", "npz"),
        default="grid",
        help="grid: one picture (default); png: one file per image; npz: one array `images`, uint8 (N, H, W, C)",
    )
    parser.set_defaults(run=sample)


def _count(text: str) -> int:
    value = _index(text)
    if value == 0:
        raise argparse.ArgumentTypeError("use at least 1")
    return value


def _index(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def sample(arguments: argparse.Namespace) -> None:
    """Write the images that the command line asks for; refuses to overwrite."""
    out = arguments.out
    if out.exists() and (arguments.format != "png" or not out.is_dir() or any(out.iterdir())):
        raise InputError(f"--out {out} exists: choose another name, so that nothing is overwritten")
    checkpoint = checkpoint_of(arguments.path)
    from saddle.training.sampling import images_from

    images = images_from(load_generator(checkpoint), arguments.num, arguments.seed)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        {"grid": _write_grid, "png": _write_files, "npz": _write_array}[arguments.format](images, out)
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}; choose another place") from error
    print(f"{len(images)} images of {checkpoint} in {out}")


def load_generator(checkpoint: Path) -> "nn.Module":
    """The averaged generator that a checkpoint holds (G itself if the run had no average), in evaluation mode."""
    from torch import nn

    from saddle.cli.build import make
    from saddle.cli.schema import check
    from saddle.training.checkpoint import MARK, check_fits, read_checkpoint
    from saddle.training.sampling import ready

    content = read_checkpoint(checkpoint)
    record, state = content[MARK]["record"], content["state_dict"]
    if "generator" not in record.get("architecture", {}):
        raise InputError(f"{checkpoint}: this checkpoint holds no generator")
    check("architecture.generator", record["architecture"]["generator"], nn.Module)
    generator = make("architecture.generator", record["architecture"]["generator"])
    prefix = "ema.network." if any(name.startswith("ema.network.") for name in state) else "generator."
    check_fits(state, generator, checkpoint, prefix)
    generator.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    return ready(generator, record["seed"])


def _write_grid(images: "Tensor", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.transforms.functional import to_pil_image

    from saddle.callback.samples import image_grid

    to_pil_image(image_grid(images)).save(out, format="PNG")


def _write_files(images: "Tensor", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.transforms.functional import to_pil_image

    out.mkdir(exist_ok=True)
    for index, image in enumerate(images):
        to_pil_image(image).save(out / f"{index:06d}.png")


def _write_array(images: "Tensor", out: Path) -> None:
    import numpy as np

    with out.open("wb") as file:
        np.savez(file, images=images.permute(0, 2, 3, 1).numpy())
