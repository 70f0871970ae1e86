"""Metrics of the classes that a classifier predicts: class histogram, classifier score, mode coverage."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import Metric, MetricInputs, Read


def histogram(labels: Tensor, classes: int) -> Tensor:
    """The share of each class (classes,), float64, among labels (N,) int64 in [0, classes)."""
    if len(labels) == 0:
        raise ValueError("expected at least one label")
    return torch.bincount(labels.cpu(), minlength=classes).double() / len(labels)


def total_variation(first: Tensor, second: Tensor) -> float:
    """Half of the sum of absolute differences of two histograms (K,): 0 where they agree, 1 where they are disjoint."""
    return float((first - second).abs().sum() / 2)


def entropy(shares: Tensor) -> float:
    """The entropy of a histogram (K,), in nats: 0 for a single class, log K for equal shares."""
    return float(torch.special.entr(shares.double()).sum())


def effective_classes(read: Read) -> float:
    """exp of the entropy of the classes read in images: K for equal shares, 1 for a single class."""
    return math.exp(entropy(_classes_in(read)))


def _classes_in(read: Read) -> Tensor:
    """The histogram (K,) of the most probable classes."""
    return histogram(read.labels, read.probabilities.shape[1])


def kl_divergence(first: Tensor, second: Tensor) -> float:
    """KL(first || second) of two histograms (K,), in nats; infinite where `first` has a class that `second` lacks."""
    first, second = first.double(), second.double()
    present = first > 0
    ratio = first[present] / second[present]
    return float((first[present] * ratio.log()).sum())


def classifier_score(probabilities: Tensor) -> float:
    """exp of the mean KL(p(y|x) || p(y)) from probabilities (N, K): from 1 to K, higher is better.

    Salimans et al. 2016 (arXiv 1606.03498, section 4, the Inception score), with any classifier; over all samples at
    once, not over ten splits.
    """
    probabilities = probabilities.cpu().double()
    mean_entropy = float(torch.special.entr(probabilities).sum(1).mean())
    return math.exp(entropy(probabilities.mean(0)) - mean_entropy)


@dataclass(frozen=True)
class Modes:
    """`covered` of `modes` are hit at least once; `kl` is KL(generated || data) over modes in nats.

    `floor` is the expected `kl` of as many samples from the data's own distribution, about (modes - 1) / 2n.
    """

    covered: int
    modes: int
    kl: float
    floor: float


def mode_coverage(labels: Tensor, data_shares: Tensor) -> Modes:
    """How samples with mode labels (N,) int64 spread over modes whose shares in the data are `data_shares` (K,).

    Modes that the data lacks are not counted; a sample there makes the divergence infinite. PacGAN (Lin et al. 2018,
    arXiv 1712.04086; the authors' code) counts modes this way in 26,000 samples. It takes the divergence from equal
    shares, which is the same where `data_shares` are equal.
    """
    shares = histogram(labels, len(data_shares))
    present = data_shares > 0
    modes = int(present.sum())
    return Modes(
        covered=int((shares[present] > 0).sum()),
        modes=modes,
        kl=kl_divergence(shares, data_shares),
        floor=(modes - 1) / (2 * len(labels)),
    )


@dataclass(frozen=True)
class Histogram(Metric):
    """`histogram`, the total variation, in [0, 1], between the classes read in samples and in training images."""

    directions = {"histogram": "smaller"}
    needs = ("classes",)
    place = 30

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"histogram": total_variation(_classes_in(inputs.real), _classes_in(inputs.fake))}


@dataclass(frozen=True)
class Score(Metric):
    """`score`, the classifier score of the samples, from 1 to K."""

    directions = {"score": "larger"}
    needs = ("classes",)
    place = 40

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"score": classifier_score(inputs.fake.probabilities)}


@dataclass(frozen=True)
class Entropy(Metric):
    """`entropy`, that of the classes read in the samples, in nats."""

    directions = {"entropy": "larger"}
    needs = ("classes",)
    place = 70

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"entropy": entropy(_classes_in(inputs.fake))}


@dataclass(frozen=True)
class Confident(Metric):
    """`confident`, the share of samples whose class has a probability above 0.9."""

    directions = {"confident": "larger"}
    needs = ("classes",)
    place = 80

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"confident": float((inputs.fake.probabilities.max(1).values > 0.9).double().mean())}


@dataclass(frozen=True)
class ClassModes(Metric):
    """`modes` and `modes_kl`, the fields `covered` and `kl` of `Modes`, where a class of the data is a mode."""

    directions = {"modes": "larger", "modes_kl": "smaller"}
    needs = ("class_shares",)
    place = 100

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        coverage = inputs.once(_coverage)
        return {"modes": coverage.covered, "modes_kl": coverage.kl}


@dataclass(frozen=True)
class ModesFloor(Metric):
    """`modes_kl_floor`, the field `floor` of `Modes`: the `modes_kl` of as many samples of the data itself."""

    directions = {"modes_kl_floor": "smaller"}
    needs = ("class_shares",)
    place = 110

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        return {"modes_kl_floor": inputs.once(_coverage).floor}


def _coverage(inputs: MetricInputs) -> Modes:
    assert inputs.class_shares is not None, "declared by `needs`"
    return mode_coverage(inputs.fake.labels, inputs.class_shares)
