"""The metrics of a run: samples compared with real images by features and class probabilities."""

import math
from dataclasses import dataclass

from torch import Tensor

from saddle.metric.classes import classifier_score, entropy, histogram, mode_coverage, total_variation
from saddle.metric.frechet import frechet_distance
from saddle.metric.kernel import kernel_distance
from saddle.metric.manifold import manifold


@dataclass(frozen=True)
class Read:
    """What an extractor reads in images: `features` (N, D) and class `probabilities` (N, K)."""

    features: Tensor
    probabilities: Tensor

    @property
    def labels(self) -> Tensor:
        """The most probable class of each image, (N,) int64."""
        return self.probabilities.argmax(1)

    @property
    def effective_classes(self) -> float:
        """exp of the entropy of the classes read: K for equal shares, 1 for a single class."""
        return math.exp(entropy(histogram(self.labels, self.probabilities.shape[1])))

    @property
    def confident(self) -> float:
        """The share of images whose class has a probability above 0.9."""
        return float((self.probabilities.max(1).values > 0.9).double().mean())


def quick(real: Read, fake: Read) -> dict[str, float]:
    """The metrics that are cheap enough for training; distances are infinite where a feature of `fake` is not finite.

    `frechet` and `kernel` are distances: smaller is better. `histogram` is the total variation, in [0, 1], between the
    classes read in both. `score` is the classifier score, at most K: higher is better.
    """
    return _quick_and_error(real, fake)[0]


def _quick_and_error(real: Read, fake: Read) -> tuple[dict[str, float], float]:
    """The metrics of `quick`, and the standard error of the kernel distance."""
    if not fake.features.isfinite().all():
        return {"frechet": math.inf, "kernel": math.inf, "histogram": math.inf, "score": 0.0}, math.nan
    classes = real.probabilities.shape[1]
    kernel, error = kernel_distance(real.features, fake.features, _block(real, fake))
    metrics = {
        "frechet": frechet_distance(real.features, fake.features),
        "kernel": kernel,
        "histogram": total_variation(histogram(real.labels, classes), histogram(fake.labels, classes)),
        "score": classifier_score(fake.probabilities),
    }
    return metrics, error


def full(real: Read, fake: Read) -> dict[str, float]:
    """The metrics of `quick` and seven more.

    These are the kernel distance's standard error, precision, recall, density, coverage, the entropy of the predicted
    classes (nats), and the share of confident predictions. Where features are not finite, only those of `quick`.
    """
    metrics, error = _quick_and_error(real, fake)
    if math.isinf(metrics["frechet"]):
        return metrics
    return {
        **metrics,
        "kernel_error": error,
        **vars(manifold(real.features, fake.features)),
        "entropy": entropy(histogram(fake.labels, fake.probabilities.shape[1])),
        "confident": fake.confident,
    }


def modes(fake: Read, data_shares: Tensor) -> dict[str, float]:
    """Mode coverage and KL(generated || data) in nats, with the floor that so many samples have."""
    coverage = mode_coverage(fake.labels, data_shares)
    return {"modes": coverage.covered, "modes_kl": coverage.kl, "modes_kl_floor": coverage.floor}


def _block(real: Read, fake: Read) -> int:
    """Rows per block of the kernel distance: 1,000, or a tenth of the smaller set."""
    return max(2, min(1000, min(len(real.features), len(fake.features)) // 10))
