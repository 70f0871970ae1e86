"""`saddle encode RUN`: the codes that a run's encoder gives to its data."""

import argparse

from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run, count, options_named, path_of
from saddle.tool.output import check_kind, check_new, check_room, write_arrays


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "encode",
        help="codes of a run's data, by its encoder",
        description="Encode images of the run's data set by the averaged encoder of RUN. Row i is the code of image i "
        "in the data set's own order. These are held-out images (MNIST's test images), or training images with "
        "--training and where the data set holds out no others.",
    )
    add_run(parser)
    parser.add_argument("--num", type=count, help="at most so many images, the first ones (default: all)")
    parser.add_argument("--training", action="store_true", help="training images instead of held-out ones")
    parser.add_argument(
        "--out",
        type=path_of,
        required=True,
        help="an npz file: `codes`, float32 (N, latent_dim); where the data has labels, `labels`, int64 (N,), "
        "and `class_names`. A gaussian encoder's `codes` are means, and `log_variance`, float32 (N, latent_dim), is "
        "beside them",
    )
    parser.set_defaults(run=encode)


@options_named()
def encode(arguments: argparse.Namespace) -> None:
    """Write the codes that the command line asks for; refuses to overwrite."""
    check_new(arguments.out)
    check_kind(arguments.out, ".npz")
    run = FinishedRun.open(arguments.path, arguments.settings)
    encoded = run.encode(training=arguments.training, num=arguments.num)
    arrays = {"codes": encoded.codes}
    if encoded.log_variance is not None:
        arrays["log_variance"] = encoded.log_variance
    arrays_and_labels = [*arrays.values(), *([] if encoded.labels is None else [encoded.labels])]
    check_room(arguments.out, sum(values.nbytes for values in arrays_and_labels))
    write_arrays(arrays, arguments.out, encoded.labels, run.class_names)
    print(f"codes of {len(encoded.codes)} {encoded.description} by {run.checkpoint} in {arguments.out}")
