"""`saddle evaluate PATH`: the metrics of a run or of images in files, beside those of real images."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.run.finished import FinishedRun
from saddle.tool.argument import add_scale, count, options_named, path_of
from saddle.tool.output import check_kind, check_new, write_json, write_picture

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.metric.evaluation import ImageEvaluation, PointEvaluation


_NO_CHECKPOINTS = ("npy", "zip", "tar", "gz", "tgz", "json", "csv", "txt", "safetensors", "yaml")
"""Endings of files, beside those of pictures, in which people have images or metrics, and that are no checkpoints."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "evaluate",
        help="measure the quality of a run's samples, or of images in files",
        description="Compare samples with training images in the feature space of an extractor, and print beside each "
        "metric what real test images score the same way (where there are none, one half of the training images "
        "against the other), and which way is better. PATH is a run folder, a checkpoint, a folder of image files "
        "at any depth, or an npz with an array `images`, uint8 (N, H, W, C). The metrics of a run are kept in "
        "RUN/evaluation/. A run on a toy problem is measured by the modes or the curve of its data, without an "
        "extractor.",
    )
    parser.add_argument("path", metavar="PATH", type=path_of)
    parser.add_argument(
        "settings",
        nargs="*",
        default=[],
        metavar="SETTING",
        help="of the data: data.root=..., or data=mnist for files",
    )
    parser.add_argument(
        "--num", type=count, help="how many samples (default 10,000; 26,000 for Stacked MNIST, 2,500 for points)"
    )
    parser.add_argument(
        "--extractor",
        default="auto",
        help="a file, of saddle extractor (.safetensors) or of Inception (.pth); default: what comes with saddle",
    )
    parser.add_argument(
        "--cache", type=path_of, default=Path("outputs/cache"), help="a folder for what is read in real images"
    )
    parser.add_argument("--out", type=path_of, help="write the metrics to this JSON file, and PNG beside it")
    add_scale(parser)
    parser.set_defaults(run=evaluate)


@options_named()
def evaluate(arguments: argparse.Namespace) -> None:
    """Print the metrics and write them, with a picture of the samples nearest to training images."""
    if arguments.out is not None:
        check_kind(arguments.out, ".json")
        check_new(arguments.out)
        check_new(_picture_beside(arguments.out))
    if _holds_image_files(arguments.path):
        _report(_evaluated_files(arguments), arguments.scale, arguments.out)
        return
    run = FinishedRun.open(arguments.path, arguments.settings)
    _check_scale(run, arguments.scale)
    evaluation = run.evaluate(arguments.num, extractor=arguments.extractor, cache=arguments.cache)
    from saddle.metric.evaluation import ImageEvaluation

    out = arguments.out or _out(run, evaluation.stamp["generated"])
    if isinstance(evaluation, ImageEvaluation):
        _report(evaluation, arguments.scale, out)
    else:
        _report_points(evaluation, out)


def _check_scale(run: FinishedRun, scale: int | None) -> None:
    """Raise InputError for a scale where no picture of images is drawn."""
    if scale is not None and run.makes_points:
        raise InputError(f"--scale {scale}: {run.checkpoint} makes points, of which no picture is drawn: leave it out")


def _holds_image_files(path: Path) -> bool:
    """Whether `path` is an npz or a folder of image files; a run's folder is none, whatever else lies in it.

    Raises InputError for a folder without images, and for a file of images in another form.
    """
    from saddle.data.image_file import EXTENSIONS

    if path.suffix == ".npz":
        return True
    if path.is_file() and path.suffix.lower().lstrip(".") in (*EXTENSIONS, *_NO_CHECKPOINTS):
        raise InputError(
            f"{path}: images are measured from a folder, at any depth, or from an .npz with an array `images`, uint8 "
            "(N, H, W, C): give one of these"
        )
    if not path.is_dir() or (path / "checkpoints").is_dir():
        return False
    from saddle.tool.image_files import searched

    if searched(path).names:
        return True
    raise InputError(
        f"{path}: expected a run folder with checkpoints/last.ckpt, or image files; those that end in "
        f"{', '.join(EXTENSIONS)}, or begin as these do, are looked for"
    )


def _evaluated_files(arguments: argparse.Namespace) -> "ImageEvaluation":
    from saddle.data.module import ImageData
    from saddle.factory.data import fetched_data
    from saddle.run.evaluate import extractor_of, measured
    from saddle.tool.image_files import read_images

    path = arguments.path
    data = fetched_data(arguments.settings or ["data=mnist"])
    if not isinstance(data, ImageData):
        raise InputError(f"{path}: points are measured from their run alone: give its folder or a checkpoint")
    extractor = extractor_of(arguments.extractor, data)
    images = read_images(path, data.channels, data.image_size, arguments.num)
    return measured(images, None, data, extractor, arguments.cache, path, "files")


def _out(run: FinishedRun, num: int) -> Path | None:
    """Where the metrics of a run are kept; None for a checkpoint that lies in no run's folder."""
    return None if run.folder is None else run.folder / "evaluation" / f"{run.iteration:08d}-{num}.json"


def _report(evaluation: "ImageEvaluation", scale: int | None, out: Path | None) -> None:
    """Print the metrics and, if there is a place for them, write them with a picture of the nearest neighbors."""
    print(_image_table(evaluation))
    if out is None:
        return
    write_json(evaluation.as_json(), out)
    said = f"  metrics in {out}"
    if evaluation.neighbors is not None:
        picture = _picture_beside(out)
        closest = evaluation.images[evaluation.neighbors.samples]
        _write_neighbors(closest, evaluation.neighbors.images, scale, picture)
        said += f", samples above their nearest training images in {picture}"
    print(said)


def _picture_beside(out: Path) -> Path:
    """The file of the nearest neighbors beside the metrics in `out`."""
    return out.with_suffix(".png")


def _report_points(evaluation: "PointEvaluation", out: Path | None) -> None:
    """Print the metrics and, if there is a place for them, write them."""
    print(_point_table(evaluation))
    if out is not None:
        write_json(evaluation.as_json(), out)
        print(f"  metrics in {out}")


def _image_table(evaluation: "ImageEvaluation") -> str:
    stamp = evaluation.stamp
    title = "real test" if evaluation.halves is None else "real halves"
    lines = _rows(evaluation.samples, evaluation.test or evaluation.halves or {}, title)
    lines += ["", *_missing_test(evaluation)]
    lines += [
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


def _missing_test(evaluation: "ImageEvaluation") -> list[str]:
    """Why no test images stand beside the samples, and what stands there instead."""
    if evaluation.test is not None:
        return []
    if evaluation.halves is None:
        return ["  This data holds out no test images, so nothing stands beside the samples."]
    half = evaluation.stamp["real"] // 2
    return [
        "  This data holds out no test images. Real halves: one half of the training images",
        f"  against the other, {half:,} each; with so few, real images have a larger frechet.",
    ]


def _point_table(evaluation: "PointEvaluation") -> str:
    stamp = evaluation.stamp
    lines = _rows(evaluation.samples, evaluation.data, "fresh data")
    lines += ["", f"  {stamp['generated']:,} samples ({stamp['network']}), {stamp['points']} with std {stamp['std']:g}"]
    return "\n".join(["", *lines, ""])


def _rows(samples: dict[str, float], others: dict[str, float], title: str) -> list[str]:
    """A line for each metric of the samples, beside that of `others` where there is one, and which way is better."""
    from saddle.factory.metrics import all_metrics

    better = {name: way for metric in all_metrics().values() for name, way in metric.directions.items()}
    lines = [f"  {'':<16}  {'samples':>12}  {title:>12}  better"]
    for name, value in samples.items():
        other = f"{others[name]:>12.4f}" if name in others else f"{'-':>12}"
        lines.append(f"  {name:<16}  {value:>12.4f}  {other}  {better[name]}")
    return lines


def _write_neighbors(samples: "Tensor", neighbors: "Tensor", scale: int | None, out: Path) -> None:
    """A picture of samples, each above its nearest training image, both uint8 (P, C, H, W)."""
    import torch

    from saddle.picture.grid import image_grid, scale_of

    rows = torch.arange(2).repeat_interleave(len(samples))
    pairs = torch.cat([samples, neighbors])
    write_picture(image_grid(pairs, rows, scale=scale or scale_of(pairs)), out)
