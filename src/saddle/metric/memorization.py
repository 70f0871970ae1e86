"""Whether samples repeat training images: distances to the nearest training image in feature space."""

from dataclasses import dataclass

from torch import Tensor

from saddle.metric.base import Metric, MetricInputs
from saddle.metric.neighbor import checked, nearest

_SEARCHED = 10_000
"""How many samples, and held-out images, are searched for in the training images."""


@dataclass(frozen=True)
class Memorization:
    """How close samples lie to training images, compared with held-out images.

    `ratio` is the median distance of samples to their nearest training image over that of held-out real images: about
    1 for samples as new as real images are, 0 for copies. `copies` is the share of samples closer than all but 1 % of
    the held-out images: 0.01 for real ones. `neighbors` (N,) are the indices of the nearest training images.
    """

    ratio: float
    copies: float
    distances: Tensor
    neighbors: Tensor


def memorization(samples: Tensor, training: Tensor, held_out: Tensor) -> Memorization:
    """From features of samples (N, D), training images (M, D) and real images outside the training set (L, D).

    Raises ValueError on fewer than 2 rows, different D, or numbers that are not finite.
    """
    samples, training, held_out = checked(samples, training, held_out)
    held_out_distances, _ = nearest(held_out, training)
    sample_distances, neighbors = nearest(samples, training)
    return Memorization(
        ratio=float(sample_distances.median() / held_out_distances.median()),
        copies=float((sample_distances < held_out_distances.quantile(0.01)).double().mean()),
        distances=sample_distances,
        neighbors=neighbors,
    )


@dataclass(frozen=True)
class Copying(Metric):
    """`neighbor_ratio` and `copies`, the fields `ratio` and `copies` of `Memorization`."""

    directions = {"neighbor_ratio": "larger", "copies": "smaller"}
    needs = ("training", "held_out")
    in_training = False
    place = 90

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        if inputs.fake is inputs.held_out:
            return {"neighbor_ratio": 1.0, "copies": 0.01}  # by their definitions
        found = inputs.once(search)
        return {"neighbor_ratio": found.ratio, "copies": found.copies}


def search(inputs: MetricInputs) -> Memorization:
    """The nearest training images of the first 10,000 samples; for `MetricInputs.once`, because a search is slow."""
    assert inputs.training is not None, "declared by `needs`"
    assert inputs.held_out is not None, "declared by `needs`"
    held_out = inputs.held_out.features[:_SEARCHED]
    return memorization(inputs.fake.features[:_SEARCHED], inputs.training, held_out)
