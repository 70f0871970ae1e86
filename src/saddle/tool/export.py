"""`saddle export RUN`: a run's averaged networks for other programs."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.terminal import quoted_for_shell
from saddle.tool.argument import add_run, options_named, path_of, positive
from saddle.tool.output import check_new

if TYPE_CHECKING:
    from saddle.export.file import ExportedFile

_FORMATS = ("safetensors", "torch", "onnx", "web", "hub")


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "export",
        help="a run's averaged networks for other programs",
        description="Write the averaged generator of RUN, and the encoder or second generator of games that have one, "
        "as files that other programs read. Another engine runs each file, and the greatest difference between its "
        "images and saddle's is printed.",
    )
    add_run(parser)
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        help="safetensors: weights, which load back to the same bits; torch: a program of torch.export; onnx: a model; "
        "web: a page for browsers; hub: weights, models and a card, as model hubs take them",
    )
    parser.add_argument("--out", type=path_of, help="a new folder")
    parser.add_argument(
        "--pixels",
        choices=("uint8", "float32"),
        default="uint8",
        help="images of torch and onnx: uint8 (N, H, W, C) from 0 to 255 (default), or float32 (N, C, H, W) from -1 "
        "to 1",
    )
    parser.add_argument(
        "--truncation",
        type=positive(),
        help="note in the files that latents should be cut off at this many standard deviations (default: no cut)",
    )
    parser.add_argument(
        "--runtime",
        metavar="FOLDER",
        type=path_of,
        help="web: copy onnxruntime-web from here; the page needs no network",
    )
    parser.add_argument(
        "--runtime-version", metavar="VERSION", help="web: link this version instead (1.30.0); the page needs a network"
    )
    parser.add_argument(
        "--check",
        metavar="FILE",
        type=path_of,
        help="instead of an export, compare an exported file or folder with the checkpoint of RUN",
    )
    parser.set_defaults(run=export)


@options_named()
def export(arguments: argparse.Namespace) -> None:
    """Write or check what the command line asks for; refuses to overwrite."""
    if arguments.check is not None:
        _check(arguments)
        return
    for name in ("format", "out"):
        if getattr(arguments, name) is None:
            raise InputError(f"--{name} is missing: as in saddle export RUN --format onnx --out FOLDER")
    check_new(arguments.out, may_be_empty_folder=True)
    run = FinishedRun.open(arguments.path, arguments.settings)
    files = run.export(
        arguments.out,
        format=arguments.format,
        pixels=arguments.pixels,
        truncation=arguments.truncation,
        runtime=arguments.runtime,
        runtime_version=arguments.runtime_version,
    )
    _show(files)
    print(f"{arguments.format} of {run.checkpoint} in {arguments.out}")
    place = quoted_for_shell(arguments.out)
    if arguments.format == "web":
        print(f"open {arguments.out / 'index.html'}, or: python -m http.server --directory {place}")
    if arguments.format == "hub":
        print(f"read {arguments.out / 'README.md'}; to upload it: hf upload OWNER/NAME {place}")


def _check(arguments: argparse.Namespace) -> None:
    """Compare an old export with the run."""
    from saddle.export.verify import verify

    if arguments.out is not None or arguments.format is not None:
        raise InputError("--check compares a file and writes nothing: leave out --format and --out")
    run = FinishedRun.open(arguments.path, arguments.settings)
    _show(verify(run, Path(arguments.check)))
    print(f"{arguments.check} is what {run.checkpoint} makes")


def _show(files: "list[ExportedFile]") -> None:
    for made in files:
        size = made.file.stat().st_size
        print(
            f"  {made.file.name}  {size:,} bytes; {made.rows} rows by {made.engine}: greatest difference "
            f"{made.difference}"
        )
