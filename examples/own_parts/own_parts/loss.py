"""The exponential loss of boosting (Freund & Schapire 1997), for logits."""

from dataclasses import dataclass

from torch import Tensor

from saddle.bound import Positive
from saddle.loss.base import Loss


@dataclass(frozen=True)
class Exponential(Loss):
    """Each player pays exponentially for a logit of the wrong sign; `scale` divides the logits."""

    scale: Positive = 1.0

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """exp(-real / scale) + exp(fake / scale), (N,)."""
        return (-real / self.scale).exp() + (fake / self.scale).exp()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """exp(-fake / scale), (N,)."""
        return (-fake / self.scale).exp()
