"""`saddle extractor data=NAME`: train the network whose features a data set is measured in."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from saddle.error import InputError
from saddle.terminal import quoted_for_shell
from saddle.tool.argument import count, index, path_of
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.data.factors import FactorData
    from saddle.data.module import ImageData
    from saddle.metric.classifier import Classifier
    from saddle.metric.classifier_extractor import Card
    from saddle.metric.contrastive import ContrastiveNetwork
    from saddle.metric.contrastive_extractor import ContrastiveCard
    from saddle.metric.factor_extractor import FactorCard

_EPOCHS, _STEPS = 12, 600
_HELD_OUT = 0.1
"""The share of the images that is used for testing where a data set has no test images of its own."""

_TESTED = 1000
"""How many test images a network without labels is asked to recognize, at most."""

_REPORTS = 20
"""How often the training of a network without labels says where it is."""


class Trained(NamedTuple):
    """A trained network, its card without the digest, and in words how good it is."""

    model: "Classifier | ContrastiveNetwork"
    card: "Card | ContrastiveCard | FactorCard"
    success: str


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "extractor",
        help="train the network that metrics take their features from",
        description="Train a small network on a data set and write its weights (safetensors) and a card that says what "
        "they are and how good they are on images that were not trained on. With labels it is a classifier. Without, "
        "it learns to recognize each image after random changes (SimCLR).",
    )
    parser.add_argument("settings", nargs="+", metavar="SETTING", help="settings of the data, as data=fashion_mnist")
    parser.add_argument("--epochs", type=count, help=f"passes over data with labels (default {_EPOCHS})")
    parser.add_argument(
        "--steps", type=count, help=f"batches of data without labels (default {_STEPS}); labels, if any, are ignored"
    )
    parser.add_argument("--seed", type=index, default=0, help="seed of weights, order and changes (default 0)")
    parser.add_argument("--out", type=path_of, required=True, help="a file that ends in .safetensors")
    parser.set_defaults(run=extractor)


def extractor(arguments: argparse.Namespace) -> None:
    """Train and write what the command line asks for; refuses to overwrite."""
    out = arguments.out
    if out.suffix != ".safetensors":
        raise InputError(f"--out {out}: the name of the weights ends in .safetensors")
    check_new(out)
    check_new(out.with_suffix(".json"))
    from saddle.data.factors import FactorData
    from saddle.data.module import ImageData
    from saddle.factory.data import fetched_data
    from saddle.metric.extractor_file import save_extractor

    data = fetched_data(arguments.settings)
    if not isinstance(data, ImageData):
        raise InputError(f"{' '.join(arguments.settings)}: points are measured without an extractor: name images")
    try:
        if isinstance(data, FactorData) and arguments.steps is None:
            trained = _trained_on_factors(data, arguments)
        elif data.classes and arguments.steps is None:
            trained = _trained_with_labels(data, arguments)
        else:
            trained = _trained_without_labels(data, arguments)
    except ValueError as error:
        raise InputError(f"{' '.join(arguments.settings)}: {error}") from error
    with writing(out):
        card = save_extractor(out, trained.model, trained.card)
    print(f"{trained.success}; {out}, sha256 {card.sha256}")


def _trained_with_labels(data: "ImageData", arguments: argparse.Namespace) -> Trained:
    """A classifier; raises ValueError for too few images."""
    from saddle.metric.classifier import train_classifier
    from saddle.metric.classifier_extractor import Card, ClassifierExtractor

    epochs = arguments.epochs or _EPOCHS
    (images, labels), (test_images, test_labels) = _split(data)
    assert labels is not None, "data with classes has labels"
    assert test_labels is not None, "data with classes has labels"
    report = _reported("epoch", epochs, every=1)
    model = train_classifier(images, labels, data.classes, epochs, arguments.seed, report)
    card = Card(
        data=type(data).__name__.lower(),
        channels=images.shape[1],
        image_size=data.image_size,
        classes=data.classes,
        epochs=epochs,
        seed=arguments.seed,
        trained=len(images),
        tested=len(test_images),
        accuracy=0.0,
        command=_command(arguments, f"--epochs {epochs}"),
        class_names=data.class_names,
    )
    _, probabilities = ClassifierExtractor(model, card)(test_images)
    accuracy = float((probabilities.argmax(1) == test_labels).double().mean())
    guessed = float(test_labels.bincount().max()) / len(test_labels)
    success = f"{100 * accuracy:.2f} % of {card.tested:,} test images read rightly"
    success += f" ({100 * guessed:.2f} % are of the commonest class)"
    return Trained(model, replace(card, accuracy=accuracy), success)


def _trained_on_factors(data: "FactorData", arguments: argparse.Namespace) -> Trained:
    """A network that reads the factors of the data; raises ValueError for too few images."""
    from saddle.metric.factor_extractor import FactorCard, FactorExtractor
    from saddle.metric.factor_reader import train_factor_reader

    epochs = arguments.epochs or _EPOCHS
    model = train_factor_reader(data, epochs, arguments.seed, _reported("epoch", epochs, every=1))
    codes = data.test_codes()
    card = FactorCard(
        data=type(data).__name__.lower(),
        channels=data.readable_channels,
        image_size=data.image_size,
        factors=list(data.factors),
        options=data.options,
        mode_factors=data.mode_factors,
        epochs=epochs,
        seed=arguments.seed,
        drawn=epochs * data.size,
        tested=len(codes),
        errors={},
        command=_command(arguments, f"--epochs {epochs}"),
    )
    errors = FactorExtractor(model, card).errors(data.readable(data.drawn(codes)), codes)
    hardest = max(errors, key=lambda factor: errors[factor])
    right = f"{100 * (1 - errors[hardest]):.2f} % of {card.tested:,} test images read rightly"
    return Trained(model, replace(card, errors=errors), f"{right} in the hardest factor, {hardest}")


def _trained_without_labels(data: "ImageData", arguments: argparse.Namespace) -> Trained:
    """A network that learned to recognize images; raises ValueError for too few of them."""
    from saddle.metric.contrastive import train_contrastive
    from saddle.metric.contrastive_extractor import ContrastiveCard, ContrastiveExtractor

    if arguments.epochs is not None:
        raise InputError(f"--epochs {arguments.epochs}: without labels training is counted in batches: use --steps")
    steps = arguments.steps or _STEPS
    (images, _), (test_images, _) = _split(data)
    report = _reported("step", steps, every=-(-steps // _REPORTS))
    model = train_contrastive(images, steps, arguments.seed, data.flip, report)
    card = ContrastiveCard(
        data=type(data).__name__.lower(),
        channels=images.shape[1],
        image_size=data.image_size,
        steps=steps,
        seed=arguments.seed,
        flip=data.flip,
        trained=len(images),
        tested=min(_TESTED, len(test_images)),
        recognized=0.0,
        command=_command(arguments, f"--steps {steps}"),
    )
    recognized = ContrastiveExtractor(model, card).recognized(test_images[:_TESTED])
    success = f"{100 * recognized:.0f} % of {card.tested:,} test images recognized after random changes"
    success += f" (by chance {100 / card.tested:.1f} %)"
    return Trained(model, replace(card, recognized=recognized), success)


def _command(arguments: argparse.Namespace, length: str) -> str:
    """The command that trains the same network again."""
    settings = " ".join(map(quoted_for_shell, arguments.settings))
    out = quoted_for_shell(arguments.out.name)
    return f"saddle extractor {settings} {length} --seed {arguments.seed} --out {out}"


def _split(data: "ImageData") -> "tuple[tuple[Tensor, Tensor | None], tuple[Tensor, Tensor | None]]":
    """Images and labels for training and for testing, at the size that the config asks for, in readable form."""
    from saddle.seed import fixed_order

    images, labels = data.training()
    images = data.readable(images)
    test = data.load_test()
    if test is not None:
        test_images, test_labels = test
        return (images, labels), (data.readable(data.finished(test_images)), test_labels)
    order = fixed_order(len(images), "held out")
    num = round(len(order) * (1 - _HELD_OUT))
    parts = [(images[rows], None if labels is None else labels[rows]) for rows in (order[:num], order[num:])]
    return parts[0], parts[1]


def _reported(unit: str, units: int, every: int) -> Callable[[int, float], None]:
    """A function that receives each unit's number and loss, and prints the mean loss since it last did."""
    losses: list[float] = []

    def report(number: int, loss: float) -> None:
        losses.append(loss)
        if (number + 1) % every == 0 or number + 1 == units:
            mean = sum(losses) / len(losses)
            print(f"{unit} {number + 1} of {units}: loss {mean:.4f}", flush=True)
            losses.clear()

    return report
