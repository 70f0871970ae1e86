"""How many images show the class that they should, according to a classifier."""

import torch
from torch import Tensor


def agreement(intended: Tensor, predicted: Tensor, named: bool = True) -> float:
    """The share, in [0, 1], of images whose `predicted` class (N,) int64 equals the `intended` one (N,) int64.

    `named` is false where the intended classes are codes learned without labels. Each code is then first assigned to a
    class of its own, so that the share is as large as possible (Kuhn 1955, the assignment problem).
    """
    if named:
        return float((intended == predicted).double().mean())
    from scipy.optimize import linear_sum_assignment  # takes half a second to import, and few games need it

    codes, classes = int(intended.max()) + 1, int(predicted.max()) + 1
    counts = torch.bincount(intended * classes + predicted, minlength=codes * classes).view(codes, classes).numpy()
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(intended))
