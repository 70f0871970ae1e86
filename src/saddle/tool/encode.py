"""`saddle encode RUN`: the codes that a run's encoder gives to its data."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.tool.argument import count
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor, nn

    from saddle.data.module import ImageData


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "encode",
        help="codes of a run's data, by its encoder",
        description="Encode images of the run's data set by the averaged encoder of RUN. Row i is of image i: of the "
        "held-out images in the data set's own order (MNIST's test images), or with --training of the training images; "
        "of a data set without held-out images always of these.",
    )
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder or a checkpoint file")
    parser.add_argument("settings", nargs="*", metavar="SETTING", help="data.root=..., if the data was moved")
    parser.add_argument("--num", type=count, help="at most so many images, the first ones (default: all)")
    parser.add_argument("--training", action="store_true", help="training images instead of held-out ones")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="an npz file: `codes`, float32 (N, latent_dim), of a gaussian encoder its means, and then `log_variance`, "
        "float32 (N, latent_dim); `labels`, int64 (N,), where the data has them",
    )
    parser.set_defaults(run=encode)


def encode(arguments: argparse.Namespace) -> None:
    """Write the codes that the command line asks for; refuses to overwrite."""
    check_new(arguments.out)
    from saddle.run.data import run_data
    from saddle.run.resume import checkpoint_of
    from saddle.training.checkpoint import MARK, read_checkpoint

    checkpoint = checkpoint_of(arguments.path)
    encoder = load_encoder(checkpoint)
    data = run_data(read_checkpoint(checkpoint)[MARK]["record"], arguments.settings)
    images, labels, kind = images_of(data, arguments.training, arguments.num)
    arrays = codes_of(encoder, images)
    if labels is not None:
        arrays["labels"] = labels
    import numpy as np

    with writing(arguments.out), arguments.out.open("wb") as file:
        np.savez(file, **{name: values.numpy() for name, values in arrays.items()})
    print(f"codes of {len(images)} {kind} by {checkpoint} in {arguments.out}")


def load_encoder(checkpoint: Path) -> "nn.Module":
    """The averaged encoder that a checkpoint holds, in evaluation mode; InputError if the run has none."""
    from saddle.tool.sample import load_network
    from saddle.training.checkpoint import MARK, read_checkpoint

    record = read_checkpoint(checkpoint)[MARK]["record"]
    if "encoder" not in record["architecture"]:
        game = record["game"]["_target_"].split(".")[-2]
        raise InputError(f"{checkpoint}: game={game} trains no encoder; take a run of a game that does, as game=vae")
    return load_network(checkpoint, "encoder")


def images_of(data: "ImageData", training: bool = False, num: int | None = None) -> "tuple[Tensor, Tensor | None, str]":
    """At most `num` images, uint8 (N, C, S, S), in the data set's own order, their labels or None, and in words which
    they are: held-out ones, if there are any and not `training` ones are asked for.
    """
    test = None if training else data.load_test()
    images, labels = data.training() if test is None else test
    images, labels = images[:num], None if labels is None else labels[:num]
    if test is not None:
        return data.finished(images), labels, "held-out images"
    return images, labels, "training images" if training else "training images (this data set holds out no others)"


def codes_of(encoder: "nn.Module", images: "Tensor") -> "dict[str, Tensor]":
    """`codes` (N, latent_dim) of images (N, C, H, W), uint8 or in [-1, 1], and of a gaussian encoder `log_variance`."""
    from saddle.game.encoding import posterior
    from saddle.training.sampling import through

    if not encoder.gaussian:
        return {"codes": through(encoder, images)}
    return dict(zip(("codes", "log_variance"), posterior(partial(through, encoder), images), strict=True))
