"""Orthogonal regularization of Brock et al. 2019, eq. 3 (arXiv 1809.11096)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.penalty.base import Term, TermInputs


def off_diagonal(network: nn.Module) -> Tensor:
    """The sum over weights W, as matrices of one row per output, of |W W^T without its diagonal|^2: a scalar.

    Parameters with fewer than two dimensions and single rows have none. Weights under a parametrization count as they
    are used.
    """
    total: Tensor | float = 0.0
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and weight.dim() > 1 and not isinstance(module, nn.Embedding):
            rows = weight.transpose(0, 1) if isinstance(module, nn.ConvTranspose2d) else weight
            with torch.autocast(weight.device.type, enabled=False):
                total = total + _off_diagonal(rows.flatten(1))
    return total if isinstance(total, Tensor) else torch.zeros(())


def _off_diagonal(rows: Tensor) -> Tensor:
    """|W W^T|^2 less its diagonal. Where W has more rows than columns, |W^T W|^2 is the same and far less work; what
    is left after the diagonal is then no small number, for so many rows cannot be orthogonal.
    """
    if len(rows) > rows.shape[1]:
        return (rows.T @ rows).square().sum() - rows.square().sum(1).square().sum()
    gram = rows @ rows.T
    return (gram - torch.diag_embed(gram.diagonal())).square().sum()


@dataclass(frozen=True)
class Orthogonal(Term):
    """Pushes the outputs of each layer apart, without a word on their lengths: |W W^T x (1 - I)|^2, summed over layers.

    Rows of W are outputs. `network` says whose weights. The paper's weight is 1e-4 (there on G, where it makes
    truncation work).
    """

    network: Literal["discriminator", "generator", "both"] = "both"

    def discriminator(self, inputs: TermInputs) -> Tensor | None:
        """D's sum, a scalar, or None."""
        return None if self.network == "generator" else off_diagonal(inputs.networks["discriminator"])

    def generator(self, inputs: TermInputs) -> Tensor | None:
        """G's sum, a scalar, or None."""
        return None if self.network == "discriminator" else off_diagonal(inputs.networks["generator"])
