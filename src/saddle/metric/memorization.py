"""Whether samples repeat training images: distances to the nearest training image in feature space."""

from dataclasses import dataclass

from torch import Tensor

from saddle.metric.neighbor import checked, nearest


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
