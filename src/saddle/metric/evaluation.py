"""The metrics of a run's samples, beside what held-out real images (or fresh points) score the same way."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from saddle.data.module import ImageData
from saddle.metric.base import Extractor, MetricInputs, PointDistribution, Read
from saddle.metric.classes import entropy
from saddle.metric.factor_extractor import known_factors
from saddle.metric.measure import Metrics, check_enough, measured, measured_halves, measured_points
from saddle.metric.memorization import search
from saddle.metric.reference import chosen, class_shares, reference

_REAL = 10_000
"""How many training images samples are compared with."""

_SEARCHED = 60_000
"""How many training images are searched for the nearest of a sample: all of MNIST's."""

_PAIRS = 16
"""How many samples are shown beside their nearest training images."""


class Neighbors(NamedTuple):
    """The samples that are closest to a training image, closest first."""

    samples: Tensor
    """int64 (P,): their places among the samples."""
    images: Tensor
    """uint8 (P, C, H, W): the nearest training image of each."""


@dataclass
class ImageEvaluation:
    """How samples compare with training images."""

    samples: dict[str, float]
    """The metrics of the samples by name."""
    test: dict[str, float] | None
    """The same of held-out images; None where the data holds out none."""
    halves: dict[str, float] | None
    """The same of one half of the training images against the other; None where there are held-out images, or too few.

    So few images have a larger Frechet distance than more of them would have.
    """
    modes: dict[str, float] | None
    """How many modes the data has (`number`), and the `entropy` of their shares in nats; None where not counted."""
    stamp: dict[str, Any]
    """What the metrics were made from."""
    neighbors: Neighbors | None
    """Samples and their nearest training images; None where the data holds out no images to compare with."""
    images: Tensor
    """uint8 (N, C, H, W): the samples themselves."""

    def as_json(self) -> dict[str, Any]:
        """The metrics as plain values."""
        counted = {} if self.modes is None else {"modes": self.modes}
        return {"samples": self.samples, "test": self.test, "halves": self.halves, **counted, "stamp": self.stamp}


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


def evaluate_points(samples: Tensor, data: PointDistribution, metrics: Metrics) -> PointEvaluation:
    """The metrics of points (N, 2), and of as many fresh points of the data; raises InputError as `measured`."""
    return PointEvaluation(
        samples=measured_points(metrics, samples, data),
        data=measured_points(metrics, data.drawn(len(samples), "fresh"), data),
        stamp={"points": type(data).__name__, "std": data.std, "generated": len(samples)},
    )


def evaluate_images(
    images: Tensor, labels: Tensor | None, data: ImageData, extractor: Extractor, cache: Path | None, metrics: Metrics
) -> ImageEvaluation:
    """The metrics of images, uint8 (N, C, H, W), and of at most as many held-out images of `data`.

    `labels` (N,) int64 are the classes that the images were asked to show, or None. What `extractor` reads in real
    images is kept in the folder `cache`. Raises InputError as `measured`.
    """
    training, known = data.training()
    check_enough(metrics, len(training))
    real = reference(data.readable(chosen(training, _REAL)), extractor, cache)
    fake = Read(*extractor(data.readable(images)))
    shares = class_shares(data, extractor, real)
    own = None if shares is None else labels
    inputs = MetricInputs(real, fake, shares, own, factors=known_factors(data, extractor))
    stamp = {"extractor": extractor.stamp, "real": len(real.features), "generated": len(images)}
    test, neighbors = None, None
    held_out = data.load_test()
    if held_out is not None:
        shown, searched = chosen(held_out[0], len(images)), chosen(training, _SEARCHED)
        inputs = replace(
            inputs,
            held_out=reference(data.readable(shown), extractor, cache),
            training=reference(data.readable(searched), extractor, cache).features,
        )
        stamp |= {"test": len(shown), "training": len(searched)}
        test = measured(metrics, _of_held_out(inputs, held_out[1]))
        neighbors = _neighbors(inputs, searched)
    return ImageEvaluation(
        samples=measured(metrics, inputs),
        test=test,
        halves=None if held_out is not None else measured_halves(metrics, inputs, _own_labels(inputs, known)),
        modes=None if shares is None else {"number": int((shares > 0).sum()), "entropy": entropy(shares)},
        stamp=stamp,
        neighbors=neighbors,
        images=images,
    )


def _of_held_out(inputs: MetricInputs, labels: Tensor | None) -> MetricInputs:
    """The inputs with the held-out images in place of the samples; they should show their own `labels`, if any."""
    assert inputs.held_out is not None, "there are held-out images"
    own = None
    if inputs.labels is not None and labels is not None:
        own = chosen(labels, len(inputs.fake.features))
    return replace(inputs, fake=inputs.held_out, labels=own)


def _own_labels(inputs: MetricInputs, labels: Tensor | None) -> Tensor | None:
    """The labels of the real images that are compared, from the `labels` of all; None where none are asked for."""
    return None if inputs.labels is None or labels is None else chosen(labels, _REAL)


def _neighbors(inputs: MetricInputs, searched: Tensor) -> Neighbors | None:
    """The samples closest to one of the training images `searched`; None where features are not finite."""
    if not inputs.fake.features.isfinite().all():
        return None
    found = inputs.once(search)
    closest = found.distances.argsort()[:_PAIRS]
    return Neighbors(closest, searched[found.neighbors[closest]])
