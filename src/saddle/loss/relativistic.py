"""Relativistic pairing: RSGAN of Jolicoeur-Martineau 2019 (arXiv 1807.00734), the loss of R3GAN (arXiv 2501.05441)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus

from saddle.loss.base import Loss


@dataclass(frozen=True)
class Relativistic(Loss):
    """D scores whether a real image looks more real than the generated image paired with it; G does the reverse.

    The loss depends only on differences of logits, so a bias of D's last layer has no gradient: D's head has no bias.
    To converge, it needs a penalty on D's gradient at both real and generated images (Huang et al. 2024, R3GAN):
    'penalty=[r1,r2]'.
    """

    relative = True
    generator_needs_real = True
    needs_input_gradient_penalty = True
    logit_sign_is_meaningful = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """-log sigmoid(real - fake), (N,)."""
        return softplus(fake - real)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-log sigmoid(fake - real), (N,). Raises ValueError without `real`."""
        if real is None:
            raise ValueError("a relativistic loss needs D's logits on real images")
        return softplus(real - fake)
