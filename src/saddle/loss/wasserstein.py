"""The Wasserstein loss of Arjovsky et al. 2017, eq. 2 and algorithm 1 (arXiv 1701.07875)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.loss.base import Loss


@dataclass(frozen=True)
class Wasserstein(Loss):
    """The difference of D's means, an estimate of the earth mover's distance while D is 1-Lipschitz.

    D needs a constraint: weight clipping (the paper's), a gradient penalty, or spectral normalization. A constant in
    D's last layer cancels, so its head has no bias.
    """

    relative = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """fake - real, (N,)."""
        return fake - real

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, (N,)."""
        return -fake
