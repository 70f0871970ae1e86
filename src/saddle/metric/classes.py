"""Metrics of the classes that a classifier predicts: class histogram, classifier score, mode coverage."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


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
