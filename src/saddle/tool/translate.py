"""`saddle translate RUN`: held-out images of a run's source domain, and what its generators make of them."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, count
from saddle.tool.output import channels_last, check_new, write_arrays, write_picture

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.data.module import ImageData
    from saddle.game.turn import Networks


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "translate",
        help="what a run that translates makes of held-out images",
        description="Translate held-out images of the source domain by the averaged generator of RUN, and print how "
        "far translations are from the true counterparts, beside what the sources themselves score.",
    )
    add_run(parser)
    parser.add_argument("--num", type=count, default=8, help="how many images (default 8)")
    parser.add_argument("--back", action="store_true", help="show what the other generator makes of translations, too")
    parser.add_argument("--out", type=Path, required=True, help="grid: a PNG file; npz: a file")
    parser.add_argument(
        "--format",
        choices=("grid", "npz"),
        default="grid",
        help="grid: one picture (default), rows of sources, translations, with --back what comes back, and true "
        "counterparts; npz: arrays of these, `sources`, `images`, `back` and `counterparts`, uint8 (N, H, W, C), and "
        "`labels`, int64 (N,)",
    )
    parser.set_defaults(run=translate)


def translate(arguments: argparse.Namespace) -> None:
    """Write what the command line asks for and print the game's metrics of it; refuses to overwrite."""
    check_new(arguments.out)
    run = FinishedRun.open(arguments.path)
    if run.game.reads != "source":
        raise InputError(f"{run.checkpoint} translates nothing, its images are made of noise: use saddle sample")
    networks = {name: run.network(name) for name in run.game.averaged}
    data = run.image_data(arguments.settings)
    batch = data.held_out(arguments.num)
    images = _images(networks, batch, arguments.back)
    if arguments.format == "grid":
        _write_grid(images, arguments.out)
    else:
        arrays = {name: channels_last(values) for name, values in images.items()}
        write_arrays(arrays | {"labels": batch["label"]}, arguments.out)
    for name, value in _metrics(run, networks, batch, data).items():
        print(f"  {name:<20}  {value:.4f}")
    print(f"{len(batch['source'])} translations of {run.checkpoint} in {arguments.out}")


def _images(networks: "Networks", batch: "Mapping[str, Tensor]", back: bool) -> "dict[str, Tensor]":
    """What is shown, uint8 (N, C, H, W), by the names of its arrays, from top to bottom."""
    from saddle.training.sampling import as_bytes, images_from

    sources = as_bytes(batch["source"])
    images = {"sources": sources}
    images["images"] = images_from(networks["generator"], len(sources), 0, sources=sources)
    if back:
        images["back"] = images_from(networks["inverse"], len(sources), 0, sources=images["images"])
    return images | {"counterparts": as_bytes(batch["image"])}


def _metrics(
    run: FinishedRun, networks: "Networks", batch: "Mapping[str, Tensor]", data: "ImageData"
) -> dict[str, float]:
    """The game's metrics on the batch; where a classifier comes with saddle for the data, what it reads, too."""
    import torch

    from saddle.callback.game_metrics import agreements, game_metrics
    from saddle.metric.extractor import extractor_for

    with torch.no_grad():
        metrics = game_metrics(run.game, networks, batch, run.seed)
        extractor = extractor_for("auto", data.extractor)
        if extractor is not None:
            metrics |= agreements(run.game, networks, batch, run.seed, data, extractor)
    return metrics


def _write_grid(images: "dict[str, Tensor]", out: Path) -> None:
    import torch

    from saddle.picture.grid import row_grid

    write_picture(row_grid(torch.stack(list(images.values()))), out)
