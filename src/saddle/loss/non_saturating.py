"""The non-saturating loss of Goodfellow et al. 2014, section 3 (arXiv 1406.2661)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from saddle.bound import Fraction
from saddle.loss.base import Loss, logistic


@dataclass(frozen=True)
class NonSaturating(Loss):
    """D as in the minimax game; G maximizes E[log D(G(z))] instead of minimizing E[log(1 - D(G(z)))].

    G's gradient with respect to the logit is -sigmoid(-logit): close to -1 where D rejects the sample.
    With `label_smoothing` s the label of real images is 1 - s; that of generated images stays 0 (one-sided, Salimans
    et al. 2016, section 3.4, arXiv 1606.03498).
    """

    label_smoothing: Fraction = 0.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-(1 - s) log sigmoid(real) - s log(1 - sigmoid(real)) - log(1 - sigmoid(fake)), (N,), with smoothing s."""
        return logistic(real, fake, self.label_smoothing)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-log sigmoid(fake), (N,)."""
        return softplus(-fake)
