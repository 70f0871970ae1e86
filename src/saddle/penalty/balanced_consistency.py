"""bCR, balanced consistency regularization of Zhao et al. 2021, section 3.1 (arXiv 2002.04724)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.augmentation.flip_shift import FlipShift
from saddle.bound import Index, NonNegative
from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class BalancedConsistency(Term):
    """D's logit should not change when an image is changed: E[(D(x) - D(T(x)))^2] + E[(D(G(z)) - D(T(G(z))))^2].

    T is `saddle.augmentation.flip_shift.FlipShift`: a shift by up to `shift_pixels` each way and, if `flip`, a mirror
    image. `weight` is the paper's lambda_real, and `fake_share` is lambda_fake / lambda_real. With `fake_share` 0 this
    is CR-GAN (Zhang et al. 2020, arXiv 1910.12027).
    """

    fake_share: NonNegative = 1.0
    shift_pixels: Index = 4
    flip: bool = False

    needs_images = True

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The mean squared differences of logits, a scalar."""
        value = self._difference(inputs, "real")
        if self.fake_share == 0:
            return value
        return value + self.fake_share * self._difference(inputs, "fake")

    def _difference(self, inputs: TermInputs, kind: str) -> Tensor:
        images = inputs.real if kind == "real" else inputs.fake
        changed = FlipShift(self.flip, self.shift_pixels)(
            images, lambda what, size: inputs.randomness.uniform(f"balanced_consistency.{kind}.{what}", size)
        )
        return (inputs.logits[kind] - inputs.discriminate(changed, kind)).square().mean()
