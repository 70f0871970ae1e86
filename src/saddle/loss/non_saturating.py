"""The non-saturating loss of Goodfellow et al. 2014, section 3 (arXiv 1406.2661)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from saddle.loss.base import Loss


@dataclass(frozen=True)
class NonSaturating(Loss):
    """D as in the minimax game; G maximises E[log D(G(z))] instead of minimising E[log(1 - D(G(z)))].

    G's gradient with respect to the logit is -sigmoid(-logit): close to -1 where D rejects the sample.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-log sigmoid(real) - log(1 - sigmoid(fake)), (N,)."""
        return softplus(-real) + softplus(fake)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-log sigmoid(fake), (N,)."""
        return softplus(-fake)
