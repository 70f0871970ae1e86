"""`saddle extractor data=NAME`: train the classifier whose features a data set is measured in."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from saddle.error import InputError
from saddle.terminal import quoted_for_shell
from saddle.tool.argument import count, index, path_of
from saddle.tool.output import check_new, writing

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.data.factors import FactorData
    from saddle.data.module import ImageData

_HELD_OUT = 0.1
"""The share of the images that is used for testing where a data set has no test images of its own."""


def add_parser(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser of `saddle`."""
    parser = commands.add_parser(
        "extractor",
        help="train the classifier that metrics take their features from",
        description="Train a small classifier on labeled data and write its weights (safetensors) and a card that "
        "says what they are and how accurate they are on images that were not trained on.",
    )
    parser.add_argument("settings", nargs="+", metavar="SETTING", help="settings of the data, as data=fashion_mnist")
    parser.add_argument("--epochs", type=count, default=12, help="passes over the data (default 12)")
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
    from saddle.metric.classifier import train_classifier
    from saddle.metric.classifier_extractor import Card, ClassifierExtractor
    from saddle.metric.extractor_file import save_extractor

    data = fetched_data(arguments.settings)
    if isinstance(data, FactorData):
        _train_factor_reader(data, arguments)
        return
    if not isinstance(data, ImageData) or data.classes == 0:
        raise InputError(
            "data.classes=0: a classifier needs labels; give the number of classes (of a folder of pictures, its "
            "sub-folders), or use data that has labels"
        )
    (images, labels), (test_images, test_labels) = _split(data)
    try:
        model = train_classifier(
            images, labels, data.classes, arguments.epochs, arguments.seed, _report(arguments.epochs)
        )
    except ValueError as error:
        raise InputError(f"{' '.join(arguments.settings)}: {error}") from error
    card = Card(
        data=type(data).__name__.lower(),
        channels=images.shape[1],
        image_size=data.image_size,
        classes=data.classes,
        epochs=arguments.epochs,
        seed=arguments.seed,
        trained=len(images),
        tested=len(test_images),
        accuracy=0.0,
        command=_command(arguments),
        class_names=data.class_names,
    )
    _, probabilities = ClassifierExtractor(model, card)(test_images)
    accuracy = float((probabilities.argmax(1) == test_labels).double().mean())
    with writing(out):
        card = save_extractor(out, model, Card(**{**vars(card), "accuracy": accuracy}))
    print(f"{100 * accuracy:.2f} % of {card.tested:,} test images read rightly; {out}, sha256 {card.sha256}")


def _train_factor_reader(data: "FactorData", arguments: argparse.Namespace) -> None:
    """Train and write a network that reads the factors of the data."""
    from saddle.metric.extractor_file import save_extractor
    from saddle.metric.factor_extractor import FactorCard, FactorExtractor
    from saddle.metric.factor_reader import train_factor_reader

    try:
        model = train_factor_reader(data, arguments.epochs, arguments.seed, _report(arguments.epochs))
    except ValueError as error:
        raise InputError(f"{' '.join(arguments.settings)}: {error}") from error
    codes = data.test_codes()
    card = FactorCard(
        data=type(data).__name__.lower(),
        channels=data.readable_channels,
        image_size=data.image_size,
        factors=list(data.factors),
        options=data.options,
        mode_factors=data.mode_factors,
        epochs=arguments.epochs,
        seed=arguments.seed,
        drawn=arguments.epochs * data.size,
        tested=len(codes),
        errors={},
        command=_command(arguments),
    )
    reader = FactorExtractor(model, card)
    features, _ = reader(data.readable(data.drawn(codes)))
    misread = (reader.read_factors(features).argmax(2) != codes).double().mean(0).tolist()
    card = replace(card, errors=dict(zip(data.factors, misread, strict=True)))
    with writing(arguments.out):
        card = save_extractor(arguments.out, model, card)
    worst = max(data.factors, key=lambda factor: card.errors[factor])
    print(
        f"every factor is read rightly in at least {100 * (1 - card.errors[worst]):.2f} % of {card.tested:,} test "
        f"images ({worst} is the hardest); {arguments.out}, sha256 {card.sha256}"
    )


def _command(arguments: argparse.Namespace) -> str:
    """The command that trains the same network again."""
    settings = " ".join(map(quoted_for_shell, arguments.settings))
    out = quoted_for_shell(arguments.out.name)
    return f"saddle extractor {settings} --epochs {arguments.epochs} --seed {arguments.seed} --out {out}"


def _split(data: "ImageData") -> "tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]":
    """Images and labels for training and for testing, at the size that the config asks for, in readable form."""
    from saddle.seed import fixed_order

    images, labels = _labeled(data.training())
    images = data.readable(images)
    test = data.load_test()
    if test is not None:
        test_images, test_labels = _labeled(test)
        return (images, labels), (data.readable(data.finished(test_images)), test_labels)
    order = fixed_order(len(images), "held out")
    num = round(len(order) * (1 - _HELD_OUT))
    trained, tested = order[:num], order[num:]
    return (images[trained], labels[trained]), (images[tested], labels[tested])


def _labeled(rows: "tuple[Tensor, Tensor | None]") -> "tuple[Tensor, Tensor]":
    images, labels = rows
    if labels is None:
        raise InputError("a classifier needs labels, and this data has none")
    return images, labels


def _report(epochs: int) -> Callable[[int, float], None]:
    """A function that prints the mean loss of an epoch."""

    def report(epoch: int, loss: float) -> None:
        print(f"epoch {epoch + 1} of {epochs}: loss {loss:.4f}", flush=True)

    return report
