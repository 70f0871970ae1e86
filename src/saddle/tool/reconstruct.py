"""`saddle reconstruct RUN`: images of a run's data, and what is left of them after encoder and generator."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.tool.argument import count
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor

_COLUMNS = 10


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "reconstruct",
        help="images of a run's data above what its encoder and generator make of them",
        description="Encode held-out images by the averaged encoder of RUN, decode their codes (of a gaussian encoder "
        "the means) by its averaged generator, and show each row of images above its reconstructions. A conditional "
        "generator is told each image's own label. Training images where the data set holds out no others.",
    )
    parser.add_argument("path", metavar="RUN", type=Path, help="a run folder or a checkpoint file")
    parser.add_argument("settings", nargs="*", metavar="SETTING", help="data.root=..., if the data was moved")
    parser.add_argument(
        "--num", type=count, default=40, help="how many images; a larger number begins with the same ones (default 40)"
    )
    parser.add_argument("--out", type=Path, required=True, help="a PNG file")
    parser.set_defaults(run=reconstruct)


def reconstruct(arguments: argparse.Namespace) -> None:
    """Write the picture and print the mean squared error of what it shows; refuses to overwrite."""
    check_new(arguments.out)
    from saddle.game.encoding import squared_error
    from saddle.run.data import run_data
    from saddle.run.resume import checkpoint_of
    from saddle.tool.encode import codes_of, load_encoder
    from saddle.tool.sample import load_generator
    from saddle.training.checkpoint import MARK, read_checkpoint
    from saddle.training.sampling import through

    checkpoint = checkpoint_of(arguments.path)
    encoder, generator = load_encoder(checkpoint), load_generator(checkpoint)
    batch = run_data(read_checkpoint(checkpoint)[MARK]["record"], arguments.settings).held_out(arguments.num)
    images, labels = batch["image"], [batch["label"]] if generator.classes else []
    made = through(generator, codes_of(encoder, images)["codes"], *labels)
    error = float(squared_error(images, made).mean())
    with writing(arguments.out):
        _write_grid(images, made, arguments.out)
    print(f"{len(images)} reconstructions by {checkpoint} in {arguments.out}")
    print(f"mean squared error per pixel {error:.5f} (black to white is 1)")


def _write_grid(images: "Tensor", made: "Tensor", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    from torch.nn.functional import pad
    from torchvision.transforms.functional import to_pil_image

    from saddle.game.encoding import beside
    from saddle.picture.grid import row_grid
    from saddle.training.sampling import as_bytes

    columns = min(_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    empty = (0, 0, 0, 0, 0, 0, 0, rows * columns - len(images))  # 0 is gray
    rows_of_pairs = beside(pad(images, empty), pad(made, empty), columns, rows)
    to_pil_image(row_grid(as_bytes(rows_of_pairs.float().cpu()))).save(out, format="PNG")
