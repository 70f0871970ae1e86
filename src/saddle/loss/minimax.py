"""The minimax value function of Goodfellow et al. 2014, eq. 1 (arXiv 1406.2661)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from saddle.bound import Fraction
from saddle.loss.base import Loss, logistic


@dataclass(frozen=True)
class Minimax(Loss):
    """min over G, max over D of E[log D(x)] + E[log(1 - D(G(z)))], where D = sigmoid(logit).

    G's gradient with respect to the logit is -sigmoid(logit). It vanishes exactly where D rejects the sample, so this
    loss saturates ("Generative Adversarial Nets", section 3). With `label_smoothing` s the label of real images is
    1 - s; that of generated images stays 0 (one-sided, Salimans et al. 2016, section 3.4, arXiv 1606.03498).
    """

    label_smoothing: Fraction = 0.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-(1 - s) log sigmoid(real) - s log(1 - sigmoid(real)) - log(1 - sigmoid(fake)), (N,), with smoothing s."""
        return logistic(real, fake, self.label_smoothing)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """log(1 - sigmoid(fake)), (N,)."""
        return -softplus(fake)
