"""`saddle evaluate PATH`: the metrics of a run or of images in files, beside those of real images."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.error import InputError
from saddle.tool.argument import count
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.data.module import ImageData
    from saddle.metric.base import Extractor
    from saddle.metric.score import Read

_REAL = 10_000
"""How many training images samples are compared with, and how many samples are searched for in training images."""

_SEARCHED = 60_000
"""How many training images are searched for the nearest of a sample: all of MNIST's."""

_PAIRS = 16
"""How many samples the picture shows above their nearest training images."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "evaluate",
        help="measure the quality of a run's samples, or of images in files",
        description="Compare samples with training images in the feature space of a classifier, and print beside each "
        "metric what real test images score the same way. PATH is a run folder, a checkpoint, a folder of PNG files, "
        "or an npz with an array `images`, uint8 (N, H, W, C). Of a run the metrics are kept in RUN/evaluation/. A run "
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
    parser.add_argument("--cache", type=Path, default=Path("outputs/cache"), help="for what is read in real images")
    parser.add_argument("--out", type=Path, help="write the metrics to this JSON file, and PNG beside it")
    parser.set_defaults(run=evaluate)


def evaluate(arguments: argparse.Namespace) -> None:
    """Print the metrics and write them, with a picture of the samples nearest to training images."""
    if arguments.out is not None:
        check_new(arguments.out)
    from saddle.tool.evaluate_points import evaluate_points, is_of_points

    if is_of_points(arguments.path):
        evaluate_points(arguments)
        return
    subject = _subject(arguments)
    from saddle.metric.extractor import extractor_for

    data = subject["data"]
    extractor = extractor_for(arguments.extractor, data.extractor)
    if extractor is None:
        raise InputError(
            f"no metric applies: no classifier comes with saddle for {type(data).__name__}; for data with labels make "
            "one with saddle extractor, for others use Inception's weights, and name the file by --extractor"
        )
    extractor.check(data.channels)
    images = subject["images"](arguments.num or data.evaluated)
    found = _metrics(images, subject["asked"](len(images)), data, extractor, arguments.cache)
    found["stamp"] |= {"source": str(arguments.path), "network": subject["network"]}
    print(_table(found))
    out = arguments.out or subject["out"](len(images))
    if out is not None:
        _write(found, images, out)


def _subject(arguments: argparse.Namespace) -> dict[str, Any]:
    """What is measured: functions that give so many images and the labels that they were asked for (or None), their
    data set, and where the metrics are kept.
    """
    path = arguments.path
    if path.suffix == ".npz" or (path.is_dir() and next(path.glob("*.png"), None) is not None):
        from saddle.config.compose import build_data
        from saddle.data.module import ImageData
        from saddle.tool.image_files import read_images

        data = build_data(arguments.settings or ["data=mnist"])
        if not isinstance(data, ImageData):
            raise InputError(f"{path}: points are measured from their run alone: give its folder or a checkpoint")
        images = read_images(path, data.channels, arguments.num)
        return {
            "data": data,
            "images": lambda num: images,
            "asked": lambda num: None,
            "network": "files",
            "out": lambda num: None,
        }
    return _run_subject(path, arguments.settings)


def _run_subject(path: Path, settings: list[str]) -> dict[str, Any]:
    from saddle.run.data import run_data
    from saddle.run.resume import checkpoint_of, run_folder
    from saddle.seed import hashed_seed
    from saddle.tool.sample import load_generator
    from saddle.training.checkpoint import MARK, read_checkpoint
    from saddle.training.sampling import all_labels, images_from, sources_for

    checkpoint = checkpoint_of(path)
    content = read_checkpoint(checkpoint)[MARK]
    data = run_data(content["record"], settings)
    generator = load_generator(checkpoint)
    seed = hashed_seed(content["record"]["seed"], "quality")  # as in training
    folder, iteration = run_folder(path) / "evaluation", content["clock"]["iteration"]
    return {
        "data": data,
        "images": lambda num: images_from(generator, num, seed, sources=sources_for(generator, data, num)),
        "asked": lambda num: all_labels(generator, num),
        "network": "average" if content["record"]["training"]["ema"] else "generator",
        "out": lambda num: folder / f"{iteration:08d}-{num}.json",
    }


def _metrics(
    images: "Tensor", asked: "Tensor | None", data: "ImageData", extractor: "Extractor", cache: Path
) -> dict[str, Any]:
    from saddle.metric.reference import chosen, reference
    from saddle.metric.score import Read, full

    training = data.training()[0]
    real = reference(data.readable(chosen(training, _REAL)), extractor, cache)
    fake = Read(*extractor(data.readable(images)))
    test = data.load_test()
    held_out = None
    if test is not None:
        held_out = reference(data.readable(chosen(test[0], len(images))), extractor, cache)
    found = {"samples": full(real, fake), "test": None if held_out is None else full(real, held_out)}
    stamp = {"extractor": extractor.stamp, "real": len(real.features), "generated": len(images)}
    if held_out is not None:
        searched = chosen(training, _SEARCHED)
        found["neighbors"] = _memorized(
            found, fake, reference(data.readable(searched), extractor, cache), held_out, searched
        )
        stamp |= {"test": len(held_out.features), "training": len(searched)}
    own = extractor.reads_classes_of(type(data).__name__, data.extractor)
    if own and data.classes == fake.probabilities.shape[1]:
        _count_modes(found, fake, held_out, data)
        if asked is not None:
            _read_as_asked(found, fake, held_out, asked, None if test is None else chosen(test[1], len(images)))
    return {**found, "stamp": stamp}


def _memorized(
    found: dict[str, Any], fake: "Read", training: "Read", held_out: "Read", searched: "Tensor"
) -> "tuple[Tensor, Tensor]":
    """Add the metrics of memorization, of as many samples and test images as a search takes reasonable time for; the
    indices of the samples closest to images `searched`, and those images.
    """
    from saddle.metric.memorization import memorization

    copied = memorization(fake.features[:_REAL], training.features, held_out.features[:_REAL])
    found["samples"] |= {"neighbor_ratio": copied.ratio, "copies": copied.copies}
    found["test"] |= {"neighbor_ratio": 1.0, "copies": 0.01}
    closest = copied.distances.argsort()[:_PAIRS]
    return closest, searched[copied.neighbors[closest]]


def _count_modes(found: dict[str, Any], fake: "Read", held_out: "Read | None", data: "ImageData") -> None:
    from saddle.metric.classes import entropy
    from saddle.metric.score import modes

    shares = data.label_shares()
    found["samples"] |= modes(fake, shares)
    found["modes"] = {"number": int((shares > 0).sum()), "entropy": entropy(shares)}
    if held_out is not None:
        found["test"] |= modes(held_out, shares)


def _read_as_asked(
    found: dict[str, Any], fake: "Read", held_out: "Read | None", asked: "Tensor", labels: "Tensor | None"
) -> None:
    """Add the share of samples that are read as the class they were asked for; of test images, as their own."""
    found["samples"]["as_asked"] = float((fake.labels == asked).double().mean())
    if held_out is not None:
        found["test"]["as_asked"] = float((held_out.labels == labels).double().mean())


def _table(found: dict[str, Any]) -> str:
    test, stamp = found["test"] or {}, found["stamp"]
    lines = [f"  {'':<16}  {'samples':>12}  {'real test':>12}"]
    for name, value in found["samples"].items():
        beside = f"{test[name]:>12.4f}" if name in test else f"{'-':>12}"
        lines.append(f"  {name:<16}  {value:>12.4f}  {beside}")
    lines += [
        "",
        f"  {stamp['generated']:,} samples ({stamp['network']}) against {stamp['real']:,} training images, features of "
        f"{stamp['extractor']}",
    ]
    if "modes" in found:
        number, floor = found["modes"]["number"], found["samples"]["modes_kl_floor"]
        lines.append(
            f"  {number:,} modes, entropy of their shares in the data {found['modes']['entropy']:.4f} nats; as many "
            f"samples of the data itself would score modes_kl {floor:.4f}"
        )
    return "\n".join(["", *lines, ""])


def _write(found: dict[str, Any], images: "Tensor", out: Path) -> None:
    import saddle.compat  # noqa: F401  isort: skip
    import torch
    from torchvision.transforms.functional import to_pil_image

    from saddle.callback.summary import finite
    from saddle.picture.grid import image_grid

    pairs = found.pop("neighbors", None)
    with writing(out):
        out.write_text(json.dumps(finite(found), indent=2, allow_nan=False) + "\n")
        if pairs is not None:
            shown = torch.cat([images[pairs[0]], pairs[1]])
            rows = torch.arange(2).repeat_interleave(len(pairs[0]))
            to_pil_image(image_grid(shown, rows)).save(out.with_suffix(".png"))
    print(
        f"  metrics in {out}"
        + ("" if pairs is None else f", samples above their nearest training images in {out.with_suffix('.png')}")
    )
