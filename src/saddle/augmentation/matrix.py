"""Batches of small square matrices.

They are multiplied element by element. Autocast and TF32 would round a matrix product to ten bits or fewer, and a
shift by whole pixels would no longer be exact.
"""

import torch
from torch import Tensor


def matrix(*rows: tuple[Tensor | float, ...]) -> Tensor:
    """Matrices (N, k, k) from k rows of k entries. An entry is a tensor (N,) or a number; at least one is a tensor."""
    entries = [entry for row in rows for entry in row]
    like = next(entry for entry in entries if isinstance(entry, Tensor))
    constants: dict[float, Tensor] = {}  # one tensor for equal numbers
    columns: list[Tensor] = []
    for entry in entries:
        if isinstance(entry, Tensor):
            columns.append(entry)
            continue
        if entry not in constants:
            constants[entry] = torch.full_like(like, entry)
        columns.append(constants[entry])
    return torch.stack(columns, 1).view(-1, len(rows), len(rows))


def product(left: Tensor, right: Tensor) -> Tensor:
    """The matrix product of `left` and `right`, each (N, k, k) or (k, k)."""
    return (left.unsqueeze(-1) * right.unsqueeze(-3)).sum(-2)


def normal(numbers: Tensor) -> Tensor:
    """Standard normal numbers from numbers uniform in [0, 1). 0 counts as 2^-25, half of their smallest step."""
    return torch.special.ndtri(numbers.clamp(min=2.0**-25))
