"""Relativistic pairing: RSGAN of Jolicoeur-Martineau 2019 (arXiv 1807.00734), the loss of R3GAN (arXiv 2501.05441)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from saddle.loss.base import Loss


@dataclass(frozen=True)
class Relativistic(Loss):
    """D scores whether a real image is more real than the generated one beside it, and G the reverse.

    Only differences of logits count, so a constant in D's last layer learns nothing: D's head has no bias. It needs a
    penalty on D's gradient at real and at generated images to converge (Huang et al. 2024, R3GAN): 'penalty=[r1,r2]'.
    """

    relative = True
    generator_needs_real = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-log sigmoid(real - fake), (N,)."""
        return softplus(fake - real)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-log sigmoid(fake - real), (N,)."""
        return softplus(real - fake)
