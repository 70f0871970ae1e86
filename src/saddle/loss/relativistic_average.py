"""The relativistic average losses of Jolicoeur-Martineau 2019 (arXiv 1807.00734)."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

from saddle.loss.base import Loss


@dataclass(frozen=True)
class RelativisticAverage(Loss):
    """Each logit is compared with the mean logit of the other kind: r = real - mean(fake), f = fake - mean(real).

    "logistic" (RaSGAN) has l+(t) = -log sigmoid(t) and l-(t) = -log sigmoid(-t), "least_squares" (RaLSGAN) (t - 1)^2
    and (t + 1)^2, "hinge" (RaHingeGAN) max(0, 1 - t) and max(0, 1 + t). D minimizes l+(r) + l-(f), G l+(f) + l-(r).
    The means are over the global batch, so the loss is not linear in the batch mean. D's head has no bias.
    """

    shape: Literal["logistic", "least_squares", "hinge"] = "logistic"

    relative = True
    generator_needs_real = True
    over_batch = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """l+(real - mean(fake)) + l-(fake - mean(real)), (N,)."""
        return self._high(real - fake.mean()) + self._high(-(fake - real.mean()))

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """l+(fake - mean(real)) + l-(real - mean(fake)), (N,)."""
        return self._high(fake - real.mean()) + self._high(-(real - fake.mean()))

    def _high(self, value: Tensor) -> Tensor:
        """l+, small where `value` is high; l-(t) is l+(-t) for all three."""
        if self.shape == "logistic":
            return softplus(-value)
        return (value - 1).square() if self.shape == "least_squares" else relu(1 - value)
