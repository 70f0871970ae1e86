"""`saddle compare SWEEP ...`: which settings are better, by how much, and how surely."""

import argparse

from saddle.file import relative
from saddle.terminal import quoted_for_shell
from saddle.tool.argument import index, path_of
from saddle.tool.output import check_new, writing


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "compare",
        help="compare the jobs of sweeps, with intervals, curves and samples",
        description="Print a table of the finished jobs of each SWEEP: a row for each setting, over its seeds, best "
        "first, with 95 %% intervals, ties, failures and costs. With --out, write it as CSV, Markdown and one HTML "
        "page, with learning curves and samples.",
    )
    parser.add_argument("sweeps", metavar="SWEEP", nargs="+", type=path_of, help="the folder of a sweep")
    parser.add_argument("--metric", metavar="NAME", help="of the table: a name in summary.json (default: objective)")
    parser.add_argument(
        "--curve", metavar="NAME", action="append", default=[], help="of a figure of curves, as often as you like"
    )
    parser.add_argument(
        "--against", choices=("images", "cpu_seconds"), default="images", help="the x axis of curves (default: images)"
    )
    parser.add_argument("--scatter", metavar=("X", "Y"), nargs=2, help="two metrics, as metric/precision metric/recall")
    parser.add_argument("--samples", metavar="N", type=index, default=8, help="samples of each row (default: 8)")
    parser.add_argument("--out", metavar="FOLDER", type=path_of, help="a new folder for the files")
    parser.set_defaults(run=compare)


def compare(arguments: argparse.Namespace) -> None:
    """Print the tables that the command line asks for, and write their files."""
    from saddle.sweep.comparison import compared
    from saddle.sweep.report import text_of

    out = arguments.out
    if out is not None:
        check_new(out, may_be_empty_folder=True)
    comparison = compared(arguments.sweeps, arguments.metric)
    print(text_of(comparison), flush=True)
    if out is None:
        return
    from saddle.sweep.files import Drawn, write_files

    metric = comparison.tables[0].metric
    scatter = None if arguments.scatter is None else tuple(arguments.scatter)
    drawn = Drawn(arguments.curve or [metric], arguments.against, scatter, arguments.samples)
    with writing(out):
        out.mkdir(exist_ok=True)
        write_files(comparison, drawn, f"{metric} of {', '.join(path.name for path in arguments.sweeps)}", out)
    print(f"  page    {quoted_for_shell(relative(out / 'index.html'))}")
