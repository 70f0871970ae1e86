"""`saddle evaluate RUN` where the run is on a toy problem: its metrics beside those of fresh points of the data."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.error import InputError
from saddle.tool.output import writing

if TYPE_CHECKING:
    from saddle.data.points import PointData

_FEWEST = 100


def is_of_points(path: Path) -> bool:
    """Whether `path` is a run, or a checkpoint of one, whose generator makes points; False for what is no run."""
    from saddle.run.resume import checkpoint_of
    from saddle.training.checkpoint import MARK, read_checkpoint

    if path.suffix == ".npz":
        return False
    try:
        record = read_checkpoint(checkpoint_of(path))[MARK]["record"]
    except InputError:
        return False
    return "point_seed" in record.get("data", {})


def point_data(checkpoint: Path) -> "PointData":
    """The data set of a run on points, from its checkpoint."""
    from saddle.config.signature import check
    from saddle.data.points import PointData
    from saddle.factory.instantiate import make
    from saddle.training.checkpoint import MARK, read_checkpoint

    node = read_checkpoint(checkpoint)[MARK]["record"]["data"]
    check("data", node, PointData)
    return make("data", node)


def evaluate_points(arguments: argparse.Namespace) -> None:
    """Print the metrics of a run's samples and of as many fresh points of its data, and write them.

    Raises InputError for settings that only images have.
    """
    from saddle.metric.modes import SAMPLES
    from saddle.metric.points import metrics
    from saddle.run.resume import checkpoint_of, run_folder
    from saddle.seed import hashed_seed
    from saddle.tool.sample import load_generator
    from saddle.training.checkpoint import MARK, read_checkpoint
    from saddle.training.sampling import images_from

    num = SAMPLES if arguments.num is None else arguments.num
    _check(arguments, num)
    checkpoint = checkpoint_of(arguments.path)
    content, data = read_checkpoint(checkpoint)[MARK], point_data(checkpoint)
    samples = images_from(load_generator(checkpoint), num, hashed_seed(content["record"]["seed"], "quality"))
    network = "average" if content["record"]["training"]["ema"] else "generator"
    found = {
        "samples": metrics(samples, data),
        "data": metrics(data.drawn(num, "fresh"), data),
        "stamp": {"points": type(data).__name__, "std": data.std, "generated": num, "network": network},
    }
    print(_table(found))
    iteration = content["clock"]["iteration"]
    _write(found, arguments.out or run_folder(arguments.path) / "evaluation" / f"{iteration:08d}-{num}.json")


def _check(arguments: argparse.Namespace, num: int) -> None:
    if arguments.settings:
        raise InputError(f"{arguments.settings[0]}: a run on points is measured on its own data; leave it out")
    if arguments.extractor != "auto":
        raise InputError(f"--extractor {arguments.extractor} reads images, and this run makes points: leave it out")
    if num < _FEWEST:
        raise InputError(f"--num {num}: too few to measure: use at least {_FEWEST}, as in the papers 2,500")


def _table(found: dict[str, Any]) -> str:
    lines = [f"  {'':<16}  {'samples':>12}  {'fresh data':>12}"]
    for name, value in found["samples"].items():
        lines.append(f"  {name:<16}  {value:>12.4f}  {found['data'][name]:>12.4f}")
    stamp = found["stamp"]
    lines += ["", f"  {stamp['generated']:,} samples ({stamp['network']}), {stamp['points']} with std {stamp['std']:g}"]
    return "\n".join(["", *lines, ""])


def _write(found: dict[str, Any], out: Path) -> None:
    from saddle.callback.summary import finite

    with writing(out):
        out.write_text(json.dumps(finite(found), indent=2, allow_nan=False) + "\n")
    print(f"  metrics in {out}")
