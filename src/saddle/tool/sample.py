"""`saddle sample RUN`: images, or points, from a run's averaged generator."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, add_scale, check_request, count, index, options_named, path_of, positive
from saddle.tool.output import channels_last, check_new, form_of, write_arrays, write_picture, write_table, writing

if TYPE_CHECKING:
    from torch import Tensor


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "sample",
        help="images from a run's averaged generator",
        description="Draw images from the averaged generator of RUN. The same seed gives the same images, and a "
        "larger --num begins with the same ones. A run on a toy problem gives points in the plane. A run that "
        "translates gives translations of held-out images, whatever the seed (see saddle translate).",
    )
    add_run(parser, settings="data.root=..., of a run that translates, if its data was moved")
    parser.add_argument("--num", type=count, default=64, help="how many images (default 64)")
    parser.add_argument("--seed", type=index, default=0, help="seed of the latent noise (default 0)")
    parser.add_argument(
        "--label",
        "--labels",
        action="append",
        metavar="CLASS",
        help="ask a conditional run for this class alone, by its name or, where no class has that name, by its number "
        "from 0 on; given several times, for these classes in turn (default: all in turn)",
    )
    parser.add_argument(
        "--truncation",
        type=positive(),
        help="cut the latent off at this many standard deviations: fewer odd images, less variety (default: no cut)",
    )
    parser.add_argument("--out", type=path_of, required=True, help="grid: a PNG file; png: a folder; npz: a file")
    parser.add_argument(
        "--format",
        choices=("grid", "png", "npz"),
        help="grid: one picture (default, and for .png), of several classes with a row for each; png: one file per "
        "image and, from a conditional run, labels.csv; npz (for .npz): one array `images`, uint8 (N, H, W, C), and, "
        "from a conditional run, `labels`, int64 (N,), and `class_names`. From a toy problem, grid is one picture of "
        "samples over data, and npz holds one array `points`, float32 (N, 2)",
    )
    add_scale(parser)
    parser.set_defaults(run=sample)


@options_named()
def sample(arguments: argparse.Namespace) -> None:
    """Write the images that the command line asks for; refuses to overwrite."""
    form = form_of(arguments.out, arguments.format)
    check_new(arguments.out, may_be_empty_folder=form == "png")
    run = FinishedRun.open(arguments.path, arguments.settings)
    _check(run, arguments, form)
    classes = [run.class_number(label) for label in arguments.label or ()]
    asked = [classes[number % len(classes)] for number in range(arguments.num)] if classes else None
    images = run.sample(arguments.num, labels=asked, seed=arguments.seed, truncation=arguments.truncation)
    if run.makes_points:
        _write_points(images, run, form, arguments.out)
        return
    labels = run.labels(arguments.num, asked)
    if form == "grid":
        rows = labels if len(set(classes)) != 1 else None  # one class alone needs no rows
        _write_grid(images, rows, run.class_names, arguments.scale, arguments.out)
    elif form == "png":
        _write_files(images, labels, run.class_names, arguments.out)
    else:
        arrays = {"images": channels_last(images)}
        write_arrays(arrays, arguments.out, labels, run.class_names)
    print(f"{len(images)} images of {_source(run, classes)} in {arguments.out}")


def _source(run: FinishedRun, classes: Sequence[int]) -> str:
    """Where images come from, in words; `classes` are those that were asked for."""
    words: list[str] = []
    for number in classes:
        name = run.class_names[number]
        words.append(name if name == str(number) else f"{name} (number {number})")
    if not words:
        return str(run.checkpoint)
    return f"{run.checkpoint}, {'class' if len(words) == 1 else 'classes'} {', '.join(words)}"


def _check(run: FinishedRun, arguments: argparse.Namespace, form: str) -> None:
    """Raise InputError for files that cannot hold points or have no room, for data that is not read, and for a scale
    of what is no grid of images.
    """
    if run.makes_points and form == "png":
        raise InputError(f"--format png: {run.checkpoint} makes points, not images: use grid or npz")
    if run.reads != "source" and arguments.settings:
        raise InputError(f"{arguments.settings[0]}: the images of {run.checkpoint} are made of noise, not of data")
    if arguments.scale is not None and (run.makes_points or form != "grid"):
        what = "points are drawn at one size" if run.makes_points else f"--format {form} keeps pixels as they are"
        raise InputError(f"--scale {arguments.scale}: {what}: leave it out")
    check_request(run, arguments.out, arguments.num, scale=arguments.scale)


def _write_points(points: "Tensor", run: FinishedRun, form: str, out: Path) -> None:
    if form == "npz":
        write_arrays({"points": points}, out)
    else:
        from saddle.picture.points import point_picture

        write_picture(point_picture(points, run.point_data, f"{len(points):,} samples"), out)
    print(f"{len(points)} points of {run.checkpoint} in {out}")


def _write_grid(
    images: "Tensor", labels: "Tensor | None", class_names: Sequence[str], scale: int | None, out: Path
) -> None:
    from saddle.alpha import CHANNELS
    from saddle.picture.grid import image_grid, scale_of

    write_picture(image_grid(images, labels, class_names, scale or scale_of(images)), out)
    if images.shape[1] == CHANNELS:
        print("the grid has a checkerboard for what is transparent; for files with alpha: --format png --out FOLDER")


def _write_files(images: "Tensor", labels: "Tensor | None", class_names: Sequence[str], folder: Path) -> None:
    """One file per image, and a table of their `labels` (N,) and classes, if they have any."""
    with writing(folder):
        folder.mkdir(exist_ok=True)
    names = [f"{number:06d}.png" for number in range(len(images))]
    for name, image in zip(names, images, strict=True):
        write_picture(image, folder / name)
    if labels is not None:
        rows = [(name, label, class_names[label]) for name, label in zip(names, labels.tolist(), strict=True)]
        write_table(("file", "label", "class"), rows, folder / "labels.csv")
