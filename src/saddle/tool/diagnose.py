"""`saddle diagnose RUN`: the most likely cause of what is wrong with a run, and what to do."""

import argparse
import json

from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_run


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "diagnose",
        help="say what is wrong with a run, and what to change",
        description="Examine RUN's curves, settings, checkpoint and samples, and name the most likely cause of what is "
        "wrong, with the evidence in figures, what to change, and how sure it is. Trains nothing, writes nothing.",
    )
    add_run(parser)
    parser.add_argument("--json", action="store_true", help="print the report, with all symptoms, as JSON")
    parser.set_defaults(run=diagnose)


def diagnose(arguments: argparse.Namespace) -> None:
    """Print the diagnosis of the run that the command line names."""
    run = FinishedRun.open(arguments.path, arguments.settings)
    from saddle.diagnosis.report import diagnose as examined

    report = examined(run)
    if arguments.json:
        print(json.dumps(report.as_json(), indent=2, allow_nan=False))
    else:
        print(report.in_words())
