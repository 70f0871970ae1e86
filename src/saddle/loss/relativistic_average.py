"""The relativistic average losses of Jolicoeur-Martineau 2019 (arXiv 1807.00734)."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.functional import relu, softplus

from saddle.loss.base import Loss


@dataclass(frozen=True)
class RelativisticAverage(Loss):
    """Each logit is compared with the mean logit of the other kind: r = real - mean(fake), f = fake - mean(real).

    D minimizes l+(r) + l-(f), and G minimizes l+(f) + l-(r). `shape` chooses the two functions:
    - "logistic" (RaSGAN): l+(t) = -log sigmoid(t) and l-(t) = -log sigmoid(-t).
    - "least_squares" (RaLSGAN): l+(t) = (t - 1)^2 and l-(t) = (t + 1)^2.
    - "hinge" (RaHingeGAN): l+(t) = max(0, 1 - t) and l-(t) = max(0, 1 + t).
    The means are over the batch of all ranks, so the loss of a batch is not the mean of the losses of its parts. With
    gradient accumulation they are over each part by itself. D's head has no bias.
    """

    shape: Literal["logistic", "least_squares", "hinge"] = "logistic"

    relative = True
    generator_needs_real = True
    over_batch = True
    logit_sign_is_meaningful = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """l+(real - mean(fake)) + l-(fake - mean(real)), (N,)."""
        return self._plus(real - fake.mean()) + self._plus(-(fake - real.mean()))

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """l+(fake - mean(real)) + l-(real - mean(fake)), (N,). Raises ValueError without `real`."""
        if real is None:
            raise ValueError("a relativistic loss needs D's logits on real images")
        return self._plus(fake - real.mean()) + self._plus(-(real - fake.mean()))

    def _plus(self, value: Tensor) -> Tensor:
        """l+; for all three shapes l-(t) is l+(-t)."""
        if self.shape == "logistic":
            return softplus(-value)
        if self.shape == "least_squares":
            return (value - 1).square()
        return relu(1 - value)
