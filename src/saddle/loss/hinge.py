"""The hinge loss of Lim & Ye 2017 (arXiv 1705.02894), as in Miyato et al. 2018, eq. 16 and 17 (arXiv 1802.05957)."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu

from saddle.loss.base import Loss


@dataclass(frozen=True)
class Hinge(Loss):
    """D learns until its logits are above +1 on real and below -1 on generated images; G's loss is linear."""

    has_margin = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """max(0, 1 - real) + max(0, 1 + fake), (N,)."""
        return relu(1 - real) + relu(1 + fake)

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """-fake, (N,)."""
        return -fake
