"""The minimax value function of Goodfellow et al. 2014, eq. 1 (arXiv 1406.2661)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from saddle.loss.base import Loss


@dataclass(frozen=True)
class Minimax(Loss):
    """min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))], where D = sigmoid(logit).

    G's gradient with respect to the logit is -sigmoid(logit): it vanishes exactly where D rejects the sample, which
    is why this loss saturates ("Generative Adversarial Nets", section 3).
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-log sigmoid(real) - log(1 - sigmoid(fake)), (N,)."""
        return softplus(-real) + softplus(fake)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """log(1 - sigmoid(fake)), (N,)."""
        return -softplus(fake)
