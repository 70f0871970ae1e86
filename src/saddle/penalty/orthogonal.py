"""Orthogonal regularization of Brock et al. 2019, eq. 3 (arXiv 1809.11096)."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.penalty.base import Term, TermInputs


def off_diagonal(network: nn.Module) -> Tensor:
    """The sum over all weights W of |W W^T without its diagonal|^2, a scalar; each W is a matrix with a row per output.

    Biases, gains, embeddings and frozen layers are left out. A weight with a single row contributes 0. A weight under a
    parametrization enters in the form in which the layer uses it.
    """
    total: Tensor | float = 0.0
    for module in network.modules():
        weight = getattr(module, "weight", None)
        if isinstance(weight, Tensor) and _counts(module, weight):
            rows = weight.transpose(0, 1) if isinstance(module, nn.ConvTranspose2d) else weight
            with torch.autocast(weight.device.type, enabled=False):
                total = total + _off_diagonal(rows.flatten(1))
    return total if isinstance(total, Tensor) else torch.zeros(())


def _counts(layer: nn.Module, weight: Tensor) -> bool:
    """Whether the `weight` of a layer is a matrix, of no embedding, and is trained: a frozen one needs no gradient."""
    is_trained = any(parameter.requires_grad for parameter in layer.parameters())
    return is_trained and weight.dim() > 1 and not isinstance(layer, nn.Embedding)


def _off_diagonal(rows: Tensor) -> Tensor:
    """|W W^T without its diagonal|^2 of `rows` W, a scalar.

    If W has more rows than columns, |W^T W|^2 equals |W W^T|^2 and is far less work. Subtracting the diagonal is then
    exact enough: so many rows cannot be orthogonal, so the difference is not small.
    """
    if len(rows) > rows.shape[1]:
        return (rows.T @ rows).square().sum() - rows.square().sum(1).square().sum()
    gram = rows @ rows.T
    return (gram - torch.diag_embed(gram.diagonal())).square().sum()


@dataclass(frozen=True)
class Orthogonal(Term):
    """Makes the rows of each layer's weight W orthogonal, of any length: |W W^T x (1 - I)|^2, summed over layers.

    A row of W belongs to one output. `network` selects whose weights are penalized. The paper uses weight 1e-4 on G,
    where it makes truncation work.
    """

    network: Literal["discriminator", "generator", "both"] = "both"

    def discriminator(self, inputs: TermInputs) -> Tensor | None:
        """D's sum, a scalar, or None."""
        if self.network == "generator":
            return None
        return off_diagonal(inputs.networks["discriminator"])

    def generator(self, inputs: TermInputs) -> Tensor | None:
        """G's sum, a scalar, or None."""
        if self.network == "discriminator":
            return None
        return off_diagonal(inputs.networks["generator"])
