"""Distances to nearest neighbors in feature space, in parts, so that memory stays small."""

from collections.abc import Sequence

import torch
from torch import Tensor


def checked(*sets: Tensor) -> list[Tensor]:
    """The feature sets (N, D) in float64 on the CPU.

    Raises ValueError unless each is a finite matrix of at least 2 rows, all with the same D.
    """
    matrices = [torch.as_tensor(features).to("cpu", torch.float64) for features in sets]
    for features in matrices:
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"expected features (N, D) with at least 2 rows, got shape {tuple(features.shape)}")
        if not features.isfinite().all():
            raise ValueError("the features hold numbers that are not finite")
    if len({features.shape[1] for features in matrices}) != 1:
        raise ValueError(f"expected one D, got {[tuple(features.shape) for features in matrices]}")
    return matrices


def distances(points: Tensor, others: Tensor) -> Tensor:
    """Euclidean distances (N, M) by |x|^2 - 2 x.y + |y|^2, in float64 exact to about 1e-7 of the largest norm."""
    return torch.cdist(points, others, compute_mode="use_mm_for_euclid_dist")


def radii(features: Tensor, ks: Sequence[int]) -> list[Tensor]:
    """For each of `ks` the distance (N,) of each row to its k-th nearest other row.

    Raises ValueError unless 1 <= k < N.
    """
    if not all(1 <= k < len(features) for k in ks):
        raise ValueError(f"k={max(ks)} needs more than {max(ks)} rows, got {len(features)}")
    smallest = []
    for part in in_parts(features):  # each row is its own nearest
        smallest.append(distances(part, features).topk(max(ks) + 1, 1, largest=False).values)
    return [torch.cat(smallest)[:, k] for k in ks]


def nearest(features: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """For each row of `features` the distance (N,) to its nearest row of `others`, and the index (N,) of that row."""
    values, indices = [], []
    for part in in_parts(features):
        smallest = distances(part, others).min(1)
        values.append(smallest.values)
        indices.append(smallest.indices)
    return torch.cat(values), torch.cat(indices)


def in_parts(rows: Tensor) -> tuple[Tensor, ...]:
    """`rows` in parts small enough for a matrix of distances."""
    return rows.split(500)
