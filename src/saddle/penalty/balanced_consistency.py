"""bCR, balanced consistency regularization of Zhao et al. 2021, section 3.1 (arXiv 2002.04724)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.augmentation.flip_shift import FlipShift
from saddle.bound import Index, NonNegative
from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class BalancedConsistency(Term):
    """D gives an image and its changed version the same logit: E[(D(x) - D(T(x)))^2] + E[(D(G(z)) - D(T(G(z))))^2].

    T is `saddle.augmentation.flip_shift.FlipShift`: shifts by up to `shift_pixels` each way and, if `flip`, mirrors.
    `weight` is the paper's lambda_real, and `fake_share` lambda_fake over it; with `fake_share` 0 it is CR-GAN (Zhang
    et al. 2020, arXiv 1910.12027).
    """

    fake_share: NonNegative = 1.0
    shift_pixels: Index = 4
    flip: bool = False

    def discriminator(self, view: TermInputs) -> Tensor:
        """The mean squared differences of logits, a scalar."""
        value = self._difference(view, "real")
        return value + self.fake_share * self._difference(view, "fake") if self.fake_share else value

    def _difference(self, view: TermInputs, kind: str) -> Tensor:
        images = view.real if kind == "real" else view.fake
        changed = FlipShift(self.flip, self.shift_pixels)(
            images, lambda what, size: view.chance.uniform(f"balanced_consistency.{kind}.{what}", size)
        )
        return (view.logits[kind] - view.discriminate(changed, kind)).square().mean()
