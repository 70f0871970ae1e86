"""`saddle sample RUN`: images, or points, from a run's averaged generator."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.resume import checkpoint_of
from saddle.tool.argument import count, index, positive
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor, nn


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "sample",
        help="images from a run's averaged generator",
        description="Draw images from the averaged generator of RUN. The same seed gives the same images, and a "
        "larger --num begins with the same ones. Of a toy problem they are points in the plane; of a run that "
        "translates, translations of held-out images, whatever the seed (see saddle translate).",
    )
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder or a checkpoint file")
    parser.add_argument(
        "settings", nargs="*", metavar="SETTING", help="data.root=..., of a run that translates, if its data was moved"
    )
    parser.add_argument("--num", type=count, default=64, help="how many images (default 64)")
    parser.add_argument("--seed", type=index, default=0, help="seed of the latent noise (default 0)")
    parser.add_argument("--label", type=index, help="ask a conditional run for this class alone (default: all in turn)")
    parser.add_argument(
        "--truncation",
        type=positive(),
        help="cut the latent off at this many standard deviations: fewer odd images, less variety (default: no cut)",
    )
    parser.add_argument("--out", type=Path, required=True, help="grid: a PNG file; png: a folder; npz: a file")
    parser.add_argument(
        "--format",
        choices=("grid", "png", "npz"),
        default="grid",
        help="grid: one picture (default); png: one file per image; npz: one array `images`, uint8 (N, H, W, C), "
        "and `labels`, int64 (N,), of a conditional run. Of a toy problem grid is one picture of samples over "
        "data, and npz one array `points`, float32 (N, 2)",
    )
    parser.set_defaults(run=sample)


def sample(arguments: argparse.Namespace) -> None:
    """Write the images that the command line asks for; refuses to overwrite."""
    out = arguments.out
    check_new(out, may_be_empty_folder=arguments.format == "png")
    checkpoint = checkpoint_of(arguments.path)
    from saddle.training.sampling import images_from

    generator = load_generator(checkpoint)
    sources = _sources(generator, checkpoint, arguments)
    labels = _labels(generator, arguments.num, arguments.label, checkpoint)
    images = images_from(generator, arguments.num, arguments.seed, labels, arguments.truncation, sources)
    if images.dim() == 2:
        _write_points(images, checkpoint, arguments.format, out)
        return
    rows = labels if arguments.label is None else None  # one class alone needs no rows
    with writing(out):
        if arguments.format == "grid":
            _write_grid(images, rows, out)
        elif arguments.format == "png":
            _write_files(images, out)
        else:
            _write_arrays(images, labels, out)
    print(f"{len(images)} images of {checkpoint} in {out}")


def _labels(generator: "nn.Module", num: int, label: int | None, checkpoint: Path) -> "Tensor | None":
    """What the generator is asked for: one class, all in turn, or None if it takes no labels."""
    import torch

    from saddle.training.sampling import all_labels

    if label is None:
        return all_labels(generator, num)
    if generator.classes == 0:
        raise InputError(f"--label {label}: {checkpoint} takes no labels; train with architecture.conditional=true")
    if label >= generator.classes:
        raise InputError(f"--label {label}: {checkpoint} knows the classes 0 to {generator.classes - 1}")
    return torch.full((num,), label)


def _sources(generator: "nn.Module", checkpoint: Path, arguments: argparse.Namespace) -> "Tensor | None":
    """What a generator that translates is given; InputError for options that say nothing there, or only there."""
    from saddle.run.data import run_data
    from saddle.training.checkpoint import MARK, read_checkpoint
    from saddle.training.sampling import reads, sources_for

    if reads(generator) != "source":
        if arguments.settings:
            raise InputError(f"{arguments.settings[0]}: the images of {checkpoint} are made of noise, not of data")
        return None
    for option in ("label", "truncation"):
        if getattr(arguments, option) is not None:
            raise InputError(
                f"--{option}: {checkpoint} translates images, it reads no label and no latent: leave it out"
            )
    record = read_checkpoint(checkpoint)[MARK]["record"]
    return sources_for(generator, run_data(record, arguments.settings), arguments.num)


def load_generator(checkpoint: Path) -> "nn.Module":
    """The averaged generator that a checkpoint holds (G itself if the run had no average), in evaluation mode."""
    return load_network(checkpoint, "generator")


def load_network(checkpoint: Path, name: str) -> "nn.Module":
    """The network `name` as `saddle.training.module.GameModule.finished` gives it; InputError if there is none."""
    from torch import nn

    from saddle.config.signature import check
    from saddle.factory.instantiate import make
    from saddle.training.checkpoint import MARK, check_fits, read_checkpoint
    from saddle.training.sampling import ready

    content = read_checkpoint(checkpoint)
    record, state = content[MARK]["record"], content["state_dict"]
    if name not in record.get("architecture", {}) or not any(key.startswith(f"{name}.") for key in state):
        raise InputError(f"{checkpoint}: this checkpoint holds no {name}")
    check(f"architecture.{name}", record["architecture"][name], nn.Module)
    network = make(f"architecture.{name}", record["architecture"][name])
    if any(key.startswith("ema.network.") for key in state):
        raise InputError(f"{checkpoint}: written by an earlier saddle, which kept averages otherwise; train it again")
    averaged = f"ema.networks.{name}."
    prefix = averaged if any(key.startswith(averaged) for key in state) else f"{name}."
    check_fits(state, network, checkpoint, prefix)
    network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    return ready(network, record["seed"])


def _write_points(points: "Tensor", checkpoint: Path, form: str, out: Path) -> None:
    if form == "png":
        raise InputError(f"--format png: {checkpoint} makes points, not images: use grid or npz")
    import numpy as np

    with writing(out):
        if form == "npz":
            with out.open("wb") as file:
                np.savez(file, points=points.numpy())
        else:
            _draw_points(points, checkpoint, out)
    print(f"{len(points)} points of {checkpoint} in {out}")


def _draw_points(points: "Tensor", checkpoint: Path, out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.transforms.functional import to_pil_image

    from saddle.picture.points import point_picture
    from saddle.tool.evaluate_points import point_data

    data = point_data(checkpoint)
    to_pil_image(point_picture(points, data, f"{len(points):,} samples")).save(out, format="PNG")


def _write_grid(images: "Tensor", labels: "Tensor | None", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.transforms.functional import to_pil_image

    from saddle.picture.grid import image_grid

    to_pil_image(image_grid(images, labels)).save(out, format="PNG")


def _write_files(images: "Tensor", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    from torchvision.transforms.functional import to_pil_image

    out.mkdir(exist_ok=True)
    for number, image in enumerate(images):
        to_pil_image(image).save(out / f"{number:06d}.png")


def _write_arrays(images: "Tensor", labels: "Tensor | None", out: Path) -> None:
    import numpy as np

    arrays = {"images": images.permute(0, 2, 3, 1).numpy()}
    if labels is not None:
        arrays["labels"] = labels.numpy()
    with out.open("wb") as file:
        np.savez(file, **arrays)
