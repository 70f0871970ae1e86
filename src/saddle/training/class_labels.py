"""Labels of generated images: classes in equal shares, or in given ones."""

from collections.abc import Sequence

import torch
from torch import Tensor

_GOLDEN = (5**0.5 - 1) / 2  # its multiples modulo 1 are spread most evenly


def labels_in_turn(classes: int, num: int) -> Tensor:
    """Labels (num,) int64 that cycle through the classes: 0, 1, ..., classes - 1, 0, ..."""
    return torch.arange(num) % classes


def labels_in_shares(shares: Sequence[float], num: int) -> Tensor:
    """Labels (num,) int64 of classes in these shares, which add up to 1, spread evenly: any prefix is in them, too.

    Class k with the share p stands at the places (j + u) / p on a line, j = 0, 1, ..., where its own u in [0, 1) comes
    from the golden ratio. The labels are read off in this order. Among the first n there are p n of class k, rounded up
    or down to a neighboring whole number or, in rare cases, to the next one. Nothing is random.
    """
    share = torch.tensor(shares, dtype=torch.float64)
    each = (share * (num + 2 * len(share)) + 1).floor().long() * (share > 0)  # more than are needed
    label = torch.arange(len(share)).repeat_interleave(each)
    number = torch.arange(len(label)) - (each.cumsum(0) - each).repeat_interleave(each)
    start = ((torch.arange(len(share), dtype=torch.float64) + 0.5) * _GOLDEN) % 1
    place = (number + start[label]) / share[label]
    return label[place.sort(stable=True).indices[:num]]
