"""`saddle evaluate PATH`: the metrics of a run or of images in files, beside those of real images."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import count
from saddle.tool.output import check_new, write_json, write_picture

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.data.module import ImageData
    from saddle.metric.base import Extractor
    from saddle.metric.evaluation import ImageEvaluation, PointEvaluation

_FEWEST_POINTS = 100


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "evaluate",
        help="measure the quality of a run's samples, or of images in files",
        description="Compare samples with training images in the feature space of a classifier, and print beside each "
        "metric what real test images score the same way. PATH is a run folder, a checkpoint, a folder of image files, "
        "or an npz with an array `images`, uint8 (N, H, W, C). The metrics of a run are kept in RUN/evaluation/. A run "
        "on a toy problem is measured by the modes or the curve of its data, without a classifier.",
    )
    parser.add_argument("path", metavar="PATH", type=Path)
    parser.add_argument(
        "settings", nargs="*", metavar="SETTING", help="of the data: data.root=..., or data=mnist for files"
    )
    parser.add_argument(
        "--num", type=count, help="how many samples (default 10,000; 26,000 for Stacked MNIST, 2,500 for points)"
    )
    parser.add_argument(
        "--extractor",
        default="auto",
        help="a file, of a classifier (.safetensors) or of Inception (.pth); default: what comes with saddle",
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("outputs/cache"), help="a folder for what is read in real images"
    )
    parser.add_argument("--out", type=Path, help="write the metrics to this JSON file, and PNG beside it")
    parser.set_defaults(run=evaluate)


def evaluate(arguments: argparse.Namespace) -> None:
    """Print the metrics and write them, with a picture of the samples nearest to training images."""
    if arguments.out is not None:
        check_new(arguments.out)
    if _holds_image_files(arguments.path):
        _evaluate_files(arguments)
        return
    run = FinishedRun.open(arguments.path)
    if run.makes_points:
        _evaluate_points(run, arguments)
    else:
        _evaluate_run(run, arguments)


def _holds_image_files(path: Path) -> bool:
    """Whether `path` is an npz or a folder of image files; a run's folder is none, whatever else lies in it."""
    if path.suffix == ".npz":
        return True
    if not path.is_dir() or (path / "checkpoints").is_dir():
        return False
    from saddle.tool.image_files import image_files

    return bool(image_files(path))


def _evaluate_files(arguments: argparse.Namespace) -> None:
    from saddle.data.module import ImageData
    from saddle.factory.data import fetched_data
    from saddle.factory.metrics import all_metrics
    from saddle.metric.evaluation import evaluate_images
    from saddle.tool.image_files import read_images

    data = fetched_data(arguments.settings or ["data=mnist"])
    if not isinstance(data, ImageData):
        raise InputError(f"{arguments.path}: points are measured from their run alone: give its folder or a checkpoint")
    extractor = _extractor(arguments.extractor, data)
    images = read_images(arguments.path, data.channels, arguments.num)
    evaluation = evaluate_images(images, None, data, extractor, arguments.cache, all_metrics())
    evaluation.stamp |= {"source": str(arguments.path), "network": "files"}
    _report(evaluation, images, arguments.out)


def _evaluate_run(run: FinishedRun, arguments: argparse.Namespace) -> None:
    from saddle.factory.metrics import all_metrics
    from saddle.metric.evaluation import evaluate_images
    from saddle.seed import hashed_seed

    data = run.image_data(arguments.settings)
    extractor = _extractor(arguments.extractor, data)
    num = arguments.num or data.evaluated
    run.check_memory(num, f"--num {num}")
    seed = hashed_seed(run.seed, "quality")  # as in training
    images = run.sample(num, seed, sources=run.sources(num, arguments.settings))
    labels = run.labels(len(images))
    evaluation = evaluate_images(images, labels, data, extractor, arguments.cache, all_metrics())
    evaluation.stamp |= {"source": str(arguments.path), "network": _network(run)}
    _report(evaluation, images, arguments.out or _out(run, len(images)))


def _evaluate_points(run: FinishedRun, arguments: argparse.Namespace) -> None:
    from saddle.factory.metrics import all_metrics
    from saddle.metric.evaluation import evaluate_points
    from saddle.metric.modes import SAMPLES
    from saddle.seed import hashed_seed

    num = SAMPLES if arguments.num is None else arguments.num
    if arguments.settings:
        raise InputError(f"{arguments.settings[0]}: a run on points is measured on its own data; leave it out")
    if arguments.extractor != "auto":
        raise InputError(f"--extractor {arguments.extractor} reads images, and this run makes points: leave it out")
    if num < _FEWEST_POINTS:
        raise InputError(f"--num {num}: too few to measure: use at least {_FEWEST_POINTS}, as in the papers 2,500")
    run.check_memory(num, f"--num {num}")
    samples = run.sample(num, hashed_seed(run.seed, "quality"))
    evaluation = evaluate_points(samples, run.point_data(), all_metrics())
    evaluation.stamp |= {"network": _network(run)}
    print(_point_table(evaluation))
    out = arguments.out or _out(run, num)
    if out is not None:
        write_json(evaluation.as_json(), out)
        print(f"  metrics in {out}")


def _extractor(choice: str, data: "ImageData") -> "Extractor":
    """The classifier to measure by; raises InputError if there is none, or it does not fit the data."""
    from saddle.metric.extractor import extractor_for

    extractor = extractor_for(choice, data.extractor)
    if extractor is None:
        raise InputError(
            f"no metric applies: no classifier comes with saddle for {type(data).__name__}; for data with labels make "
            "one with saddle extractor, for others use Inception's weights, and name the file by --extractor"
        )
    extractor.check(data.channels)
    return extractor


def _network(run: FinishedRun) -> str:
    return "average" if run.uses_average else "generator"


def _out(run: FinishedRun, num: int) -> Path | None:
    """Where the metrics of a run are kept; None for a checkpoint that lies in no run's folder."""
    return None if run.folder is None else run.folder / "evaluation" / f"{run.iteration:08d}-{num}.json"


def _report(evaluation: "ImageEvaluation", images: "Tensor", out: Path | None) -> None:
    """Print the metrics and, if there is a place for them, write them with a picture of the nearest neighbors."""
    print(_image_table(evaluation))
    if out is None:
        return
    write_json(evaluation.as_json(), out)
    said = f"  metrics in {out}"
    if evaluation.neighbors is not None:
        picture = out.with_suffix(".png")
        _write_neighbors(images[evaluation.neighbors.samples], evaluation.neighbors.images, picture)
        said += f", samples above their nearest training images in {picture}"
    print(said)


def _image_table(evaluation: "ImageEvaluation") -> str:
    stamp = evaluation.stamp
    lines = _rows(evaluation.samples, evaluation.test or {}, "real test")
    lines += [
        "",
        f"  {stamp['generated']:,} samples ({stamp['network']}) against {stamp['real']:,} training images, features of "
        f"{stamp['extractor']}",
    ]
    if evaluation.modes is not None:
        number, entropy = evaluation.modes["number"], evaluation.modes["entropy"]
        lines.append(
            f"  {number:,} modes, entropy of their shares in the data {entropy:.4f} nats; as many samples of the data "
            f"itself would score modes_kl {evaluation.samples['modes_kl_floor']:.4f}"
        )
    return "\n".join(["", *lines, ""])


def _point_table(evaluation: "PointEvaluation") -> str:
    stamp = evaluation.stamp
    lines = _rows(evaluation.samples, evaluation.data, "fresh data")
    lines += ["", f"  {stamp['generated']:,} samples ({stamp['network']}), {stamp['points']} with std {stamp['std']:g}"]
    return "\n".join(["", *lines, ""])


def _rows(samples: dict[str, float], others: dict[str, float], title: str) -> list[str]:
    """A line for each metric of the samples, beside that of `others` where there is one."""
    lines = [f"  {'':<16}  {'samples':>12}  {title:>12}"]
    for name, value in samples.items():
        other = f"{others[name]:>12.4f}" if name in others else f"{'-':>12}"
        lines.append(f"  {name:<16}  {value:>12.4f}  {other}")
    return lines


def _write_neighbors(samples: "Tensor", neighbors: "Tensor", out: Path) -> None:
    """A picture of samples, each above its nearest training image, both uint8 (P, C, S, S)."""
    import torch

    from saddle.picture.grid import image_grid

    rows = torch.arange(2).repeat_interleave(len(samples))
    write_picture(image_grid(torch.cat([samples, neighbors]), rows), out)
