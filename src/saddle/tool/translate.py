"""`saddle translate RUN`: held-out images of a run's source domain, and what its generators make of them."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.error import InputError
from saddle.tool.argument import count
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.data.module import ImageData
    from saddle.game.turn import Game, Networks


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "translate",
        help="what a run that translates makes of held-out images",
        description="Translate held-out images of the source domain by the averaged generator of RUN, and print how "
        "far translations are from the true counterparts, beside what the sources themselves score.",
    )
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder or a checkpoint file")
    parser.add_argument("settings", nargs="*", metavar="SETTING", help="data.root=..., if the data was moved")
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
    out = arguments.out
    check_new(out)
    from saddle.run.data import run_data
    from saddle.run.resume import checkpoint_of
    from saddle.training.checkpoint import MARK, read_checkpoint

    checkpoint = checkpoint_of(arguments.path)
    record = read_checkpoint(checkpoint)[MARK]["record"]
    game, networks = _translators(checkpoint, record)
    data = run_data(record, arguments.settings)
    batch = data.held_out(arguments.num)
    images = _images(networks, batch, arguments.back)
    with writing(out):
        if arguments.format == "grid":
            _write_grid(images, out)
        else:
            _write_arrays(images, batch["label"], out)
    for name, value in _metrics(game, networks, batch, data, record["seed"]).items():
        print(f"  {name:<20}  {value:.4f}")
    print(f"{len(batch['source'])} translations of {checkpoint} in {out}")


def _translators(checkpoint: Path, record: dict[str, Any]) -> "tuple[Game, Networks]":
    """The game of a run, and its generators; InputError if they translate nothing."""
    from saddle.augmentation.base import Augmentation
    from saddle.config.signature import check
    from saddle.factory.networks import build_game
    from saddle.game.adversarial_objective import Penalty
    from saddle.game.turn import Game
    from saddle.loss.base import Loss
    from saddle.tool.sample import load_network

    check("loss", record["loss"], Loss)
    check("penalty", record["penalty"], Mapping[str, Penalty])
    check("augmentation", record["augmentation"], Mapping[str, Augmentation])
    check("game", record["game"], Game)
    game = build_game(record)
    if game.reads != "source":
        raise InputError(f"{checkpoint} translates nothing, its images are made of noise: use saddle sample")
    return game, {name: load_network(checkpoint, name) for name in game.averaged}


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
    game: "Game", networks: "Networks", batch: "Mapping[str, Tensor]", data: "ImageData", seed: int
) -> dict[str, float]:
    import torch

    from saddle.callback.game_metrics import agreements, game_metrics
    from saddle.metric.extractor import extractor_for

    with torch.no_grad():
        found = game_metrics(game, networks, batch, seed)
        extractor = extractor_for("auto", data.extractor)
        return found if extractor is None else found | agreements(game, networks, batch, seed, data, extractor)


def _write_grid(images: "dict[str, Tensor]", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    import torch
    from torchvision.transforms.functional import to_pil_image

    from saddle.picture.grid import row_grid

    to_pil_image(row_grid(torch.stack(list(images.values())))).save(out, format="PNG")


def _write_arrays(images: "dict[str, Tensor]", labels: "Tensor", out: Path) -> None:
    import numpy as np

    arrays = {name: values.permute(0, 2, 3, 1).numpy() for name, values in images.items()}
    with out.open("wb") as file:
        np.savez(file, **arrays, labels=labels.numpy())
