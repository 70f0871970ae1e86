"""How many images show the class that they should, according to a classifier."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import Metric, MetricInputs


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


@dataclass(frozen=True)
class Agreement(Metric):
    """`as_asked`, the share of samples that show the class they were asked for."""

    directions = {"as_asked": "larger"}
    needs = ("labels",)
    place = 120

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        assert inputs.labels is not None, "declared by `needs`"
        return {"as_asked": agreement(inputs.labels, inputs.shown)}
