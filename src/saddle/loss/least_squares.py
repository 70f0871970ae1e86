"""The least squares loss of Mao et al. 2017, eq. 2 (arXiv 1611.04076)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.loss.base import Loss


@dataclass(frozen=True)
class LeastSquares(Loss):
    """The squared distance between D's output and a label. D's output has no sigmoid.

    `fake_label`, `real_label` and `target_label` are the paper's a, b and c; the defaults 0, 1, 1 are its eq. 9.
    """

    fake_label: float = 0.0
    real_label: float = 1.0
    target_label: float = 1.0

    logit_sign_is_meaningful = False

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """((real - b)^2 + (fake - a)^2) / 2, (N,)."""
        return 0.5 * (real - self.real_label).square() + 0.5 * (fake - self.fake_label).square()

    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """(fake - c)^2 / 2, (N,)."""
        return 0.5 * (fake - self.target_label).square()

    def exchanged(self, logits: Tensor) -> Tensor:
        """a + b - logits, (N,): as if the two labels were exchanged."""
        return self.fake_label + self.real_label - logits
