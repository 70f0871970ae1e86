"""The Wasserstein loss of Arjovsky et al. 2017, eq. 2 and algorithm 1 (arXiv 1701.07875)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.loss.base import Loss


@dataclass(frozen=True)
class Wasserstein(Loss):
    """The difference of D's mean logits, which estimates the earth mover's distance as long as D is 1-Lipschitz.

    D's gradient must be bounded: by weight clipping (the paper's way), a gradient penalty, or spectral normalization.
    A bias of D's last layer cancels, so D's head has no bias.
    """

    relative = True
    needs_lipschitz = True
    logit_sign_is_meaningful = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """fake - real, (N,)."""
        return fake - real

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, (N,)."""
        return -fake
