"""Metrics of data that is drawn from known factors: which samples are valid, which are new, and which are copies.

The terms are those of generators of molecules (Polykovskiy et al. 2020, arXiv 1811.12823, section 4: valid, novel).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import Metric, MetricInputs

CONFIDENT = 0.9
"""The probability that the option of a factor must exceed to count as shown (docs/robots.md has what it lets pass)."""


@dataclass(frozen=True)
class Validity:
    """Shares of samples: `valid` ones show an option of every factor; `novel` and `copied` are the two kinds of them.

    The code of a copied sample is that of a training image, and the code of a novel one is not.
    """

    valid: float
    novel: float
    copied: float


def validity(is_valid: Tensor, is_seen: Tensor) -> Validity:
    """From samples' validity (N,) and whether the training set has their codes (N,), both bool."""
    shares = [float(kind.double().mean()) for kind in (is_valid, is_valid & ~is_seen, is_valid & is_seen)]
    return Validity(*shares)


@dataclass(frozen=True)
class FactorValidity(Metric):
    """The fields of `Validity`, where each factor is read with a probability above 0.9."""

    directions = {"valid": "larger", "novel": "larger", "copied": "smaller"}
    needs = ("factors",)
    place = 115

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        assert inputs.factors is not None, "declared by `needs`"
        best = inputs.factors.read(inputs.fake.features).max(2)
        is_seen = torch.isin(inputs.factors.numbers(best.indices), inputs.factors.training)
        return vars(validity((best.values > CONFIDENT).all(1), is_seen))
