"""What a classifier reads in samples: class histogram, classifier score, mode coverage."""

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
    """KL(first || second) of two histograms (K,), in nats; infinite where `first` has what `second` has not."""
    first, second = first.double(), second.double()
    there = first > 0
    return float((first[there] * (first[there] / second[there]).log()).sum())


def classifier_score(probabilities: Tensor) -> float:
    """exp of the mean KL(p(y|x) || p(y)) from probabilities (N, K): from 1 to K, higher is better.

    Salimans et al. 2016 (arXiv 1606.03498, section 4, the Inception score), with any classifier; over all samples at
    once, not over ten splits.
    """
    p = probabilities.cpu().double()
    return math.exp(entropy(p.mean(0)) - float(torch.special.entr(p).sum(1).mean()))


@dataclass(frozen=True)
class Modes:
    """`covered` of `modes` are hit at least once; `kl` is KL(generated || data) over modes in nats.

    `floor` is what `kl` is for so many samples of the data's own distribution, about (modes - 1) / 2n.
    """

    covered: int
    modes: int
    kl: float
    floor: float


def mode_coverage(labels: Tensor, data_shares: Tensor) -> Modes:
    """How samples with mode labels (N,) int64 spread over modes whose shares in the data are `data_shares` (K,).

    Modes that the data does not have are not counted; a sample there makes the divergence infinite. PacGAN (Lin et
    al. 2018, arXiv 1712.04086; the authors' code) counts modes so in 26,000 samples, and takes the divergence from
    equal shares, which is the same where `data_shares` are equal.
    """
    shares = histogram(labels, len(data_shares))
    there = data_shares > 0
    modes = int(there.sum())
    return Modes(
        covered=int((shares[there] > 0).sum()),
        modes=modes,
        kl=kl_divergence(shares, data_shares),
        floor=(modes - 1) / (2 * len(labels)),
    )
