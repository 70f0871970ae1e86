"""The metrics of a run's samples, beside what held-out real images (or fresh points) score the same way."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from saddle.data.module import ImageData
from saddle.metric.agreement import agreement
from saddle.metric.base import Extractor
from saddle.metric.classes import entropy
from saddle.metric.memorization import memorization
from saddle.metric.points import PointDistribution, metrics
from saddle.metric.reference import chosen, reference
from saddle.metric.score import Read, full, modes

_REAL = 10_000
"""How many training images samples are compared with, and how many samples are searched for in training images."""

_SEARCHED = 60_000
"""How many training images are searched for the nearest of a sample: all of MNIST's."""

_PAIRS = 16
"""How many samples are shown beside their nearest training images."""


class Neighbors(NamedTuple):
    """The samples that are closest to a training image, closest first."""

    samples: Tensor
    """int64 (P,): their places among the samples."""
    images: Tensor
    """uint8 (P, C, S, S): the nearest training image of each."""


@dataclass
class ImageEvaluation:
    """How samples compare with training images."""

    samples: dict[str, float]
    """The metrics of the samples by name."""
    test: dict[str, float] | None
    """The same of held-out images; None where the data holds out none."""
    modes: dict[str, float] | None
    """How many modes the data has (`number`), and the `entropy` of their shares in nats; None where not counted."""
    stamp: dict[str, Any]
    """What the metrics were made from."""
    neighbors: Neighbors | None
    """Samples and their nearest training images; None where the data holds out no images to compare with."""
    images: Tensor
    """uint8 (N, C, S, S): the samples themselves."""

    def as_json(self) -> dict[str, Any]:
        """The metrics as plain values."""
        counted = {} if self.modes is None else {"modes": self.modes}
        return {"samples": self.samples, "test": self.test, **counted, "stamp": self.stamp}


@dataclass
class PointEvaluation:
    """How samples compare with the distribution of a toy problem."""

    samples: dict[str, float]
    """The metrics of the samples by name."""
    data: dict[str, float]
    """The same of as many fresh points of the data."""
    stamp: dict[str, Any]
    """What the metrics were made from."""

    def as_json(self) -> dict[str, Any]:
        """The metrics as plain values."""
        return {"samples": self.samples, "data": self.data, "stamp": self.stamp}


def evaluate_points(samples: Tensor, data: PointDistribution) -> PointEvaluation:
    """The metrics of points (N, 2), and of as many fresh points of the data."""
    return PointEvaluation(
        samples=metrics(samples, data),
        data=metrics(data.drawn(len(samples), "fresh"), data),
        stamp={"points": type(data).__name__, "std": data.std, "generated": len(samples)},
    )


def evaluate_images(
    images: Tensor, labels: Tensor | None, data: ImageData, extractor: Extractor, cache: Path | None
) -> ImageEvaluation:
    """The metrics of images, uint8 (N, C, S, S), and of at most as many held-out images of `data`.

    `labels` (N,) int64 are the classes that the images were asked to show, or None. What `extractor` reads in real
    images is kept in the folder `cache`.
    """
    training = data.training()[0]
    real = reference(data.readable(chosen(training, _REAL)), extractor, cache)
    fake = Read(*extractor(data.readable(images)))
    evaluation = ImageEvaluation(
        samples=full(real, fake),
        test=None,
        modes=None,
        stamp={"extractor": extractor.stamp, "real": len(real.features), "generated": len(images)},
        neighbors=None,
        images=images,
    )
    held_out, held_out_labels = None, None
    test = data.load_test()
    if test is not None:
        held_out = reference(data.readable(chosen(test[0], len(images))), extractor, cache)
        held_out_labels = None if test[1] is None else chosen(test[1], len(images))
        evaluation.test = full(real, held_out)
        _add_memorization(evaluation, fake, held_out, chosen(training, _SEARCHED), data, extractor, cache)
    reads_classes = extractor.reads_classes_of(type(data).__name__, data.extractor)
    if reads_classes and data.classes == fake.probabilities.shape[1]:
        _add_modes(evaluation, fake, held_out, data.label_shares())
        if labels is not None:
            _add_agreement(evaluation, fake, held_out, labels, held_out_labels)
    return evaluation


def _add_memorization(
    evaluation: ImageEvaluation,
    fake: Read,
    held_out: Read,
    searched: Tensor,
    data: ImageData,
    extractor: Extractor,
    cache: Path | None,
) -> None:
    """Compare the samples, as many as a search takes reasonable time for, with the training images `searched`."""
    training = reference(data.readable(searched), extractor, cache)
    copied = memorization(fake.features[:_REAL], training.features, held_out.features[:_REAL])
    evaluation.samples |= {"neighbor_ratio": copied.ratio, "copies": copied.copies}
    if evaluation.test is not None:
        evaluation.test |= {"neighbor_ratio": 1.0, "copies": 0.01}  # by their definitions
    evaluation.stamp |= {"test": len(held_out.features), "training": len(searched)}
    closest = copied.distances.argsort()[:_PAIRS]
    evaluation.neighbors = Neighbors(closest, searched[copied.neighbors[closest]])


def _add_modes(evaluation: ImageEvaluation, fake: Read, held_out: Read | None, shares: Tensor) -> None:
    """Count the classes that are hit, and compare their shares with those in the training images."""
    evaluation.samples |= modes(fake, shares)
    evaluation.modes = {"number": int((shares > 0).sum()), "entropy": entropy(shares)}
    if held_out is not None and evaluation.test is not None:
        evaluation.test |= modes(held_out, shares)


def _add_agreement(
    evaluation: ImageEvaluation, fake: Read, held_out: Read | None, labels: Tensor, held_out_labels: Tensor | None
) -> None:
    """The share of samples that are read as the class they were asked for; of held-out images, as their own."""
    evaluation.samples["as_asked"] = agreement(labels, fake.labels)
    if held_out is not None and held_out_labels is not None and evaluation.test is not None:
        evaluation.test["as_asked"] = agreement(held_out_labels, held_out.labels)
