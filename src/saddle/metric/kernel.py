"""The kernel distance (Binkowski et al. 2018, arXiv 1801.01401, section 4), KID where the features are Inception's."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.metric.base import Metric, MetricInputs
from saddle.metric.neighbor import checked
from saddle.seed import fixed_order


def polynomial_mmd(first: Tensor, second: Tensor) -> float:
    """The unbiased squared maximum mean discrepancy of (N, D) and (M, D) with the kernel (x.y / D + 1)^3.

    Its expectation is 0 for equal distributions; single values may be negative. The sums leave out each sample's
    kernel with itself (Gretton et al. 2012, lemma 6). Raises ValueError on fewer than 2 rows or different D.
    """
    first, second = checked(first, second)
    n, m = len(first), len(second)
    within = [(kernel.sum() - kernel.diagonal().sum()) for kernel in (_kernel(first, first), _kernel(second, second))]
    between = _kernel(first, second).mean()
    return float(within[0] / (n * (n - 1)) + within[1] / (m * (m - 1)) - 2 * between)


def kernel_distance(first: Tensor, second: Tensor, block: int = 1000) -> tuple[float, float]:
    """The mean of `polynomial_mmd` over disjoint blocks of `block` rows, in order, and the mean's standard error.

    Blocks are independent where the rows are in random order, so the error is that of a mean of independent values;
    with a single block it is NaN. Smaller is closer. Raises ValueError if there is no whole block.
    """
    first, second = checked(first, second)
    blocks = min(len(first), len(second)) // block
    if blocks == 0:
        raise ValueError(f"expected at least {block} rows on each side, got {len(first)} and {len(second)}")
    parts = [slice(block * i, block * (i + 1)) for i in range(blocks)]
    values = torch.tensor([polynomial_mmd(first[part], second[part]) for part in parts], dtype=torch.float64)
    error = float(values.std()) / blocks**0.5 if blocks > 1 else float("nan")
    return float(values.mean()), error


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3


@dataclass(frozen=True)
class Kernel(Metric):
    """`kernel`, the kernel distance between features, over blocks of 1,000 rows or of a tenth of the smaller set.

    The blocks are drawn at random, the same ones each time: images of a folder lie in order, alike ones together.
    """

    directions = {"kernel": "smaller"}
    place = 20

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        distance, _ = inputs.once(_distance_and_error)
        return {"kernel": distance}


@dataclass(frozen=True)
class KernelError(Metric):
    """`kernel_error`, the standard error of the kernel distance."""

    directions = {"kernel_error": "smaller"}
    place = 50

    def measure(self, inputs: MetricInputs) -> dict[str, float]:
        _, error = inputs.once(_distance_and_error)
        return {"kernel_error": error}


def _distance_and_error(inputs: MetricInputs) -> tuple[float, float]:
    real, fake = _shuffled(inputs.real.features), _shuffled(inputs.fake.features)
    block = max(2, min(1000, min(len(real), len(fake)) // 10))
    return kernel_distance(real, fake, block)


def _shuffled(rows: Tensor) -> Tensor:
    return rows[fixed_order(len(rows), "kernel")]
