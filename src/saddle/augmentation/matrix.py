"""Batches of small square matrices.

They are multiplied element by element: autocast and TF32 would round a matrix product to ten bits or fewer, and a
shift by whole pixels would no longer be one.
"""

import torch
from torch import Tensor


def matrix(*rows: tuple[Tensor | float, ...]) -> Tensor:
    """(N, k, k) from k rows of k entries, each a tensor (N,) or a number; at least one is a tensor."""
    like = next(entry for row in rows for entry in row if isinstance(entry, Tensor))
    numbers = {entry: torch.full_like(like, entry) for row in rows for entry in row if not isinstance(entry, Tensor)}
    entries = [entry if isinstance(entry, Tensor) else numbers[entry] for row in rows for entry in row]
    return torch.stack(entries, 1).view(-1, len(rows), len(rows))


def product(left: Tensor, right: Tensor) -> Tensor:
    """The matrix product of (N, k, k) or (k, k) with the same."""
    return (left.unsqueeze(-1) * right.unsqueeze(-3)).sum(-2)


def normal(numbers: Tensor) -> Tensor:
    """Standard normal numbers from numbers in [0, 1); 0 counts as 2^-25, half of float32's smallest step."""
    return torch.special.ndtri(numbers.clamp(min=2.0**-25))
