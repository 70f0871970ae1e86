"""Whether images show what they are meant to, as a classifier reads them."""

import torch
from torch import Tensor


def agreement(meant: Tensor, read: Tensor, named: bool = True) -> float:
    """The share of images whose class `read` (N,) int64 is the one they are `meant` (N,) to show.

    Where the meant classes are not `named` (codes that were found without labels), each code is first matched with one
    class, no two with the same, so that the share is as large as can be (Kuhn 1955, the assignment problem).
    """
    if named:
        return float((meant == read).double().mean())
    from scipy.optimize import linear_sum_assignment  # half a second that few games need

    codes, classes = int(meant.max()) + 1, int(read.max()) + 1
    counts = torch.bincount(meant * classes + read, minlength=codes * classes).view(codes, classes).numpy()
    rows, columns = linear_sum_assignment(counts, maximize=True)
    return float(counts[rows, columns].sum() / len(meant))
