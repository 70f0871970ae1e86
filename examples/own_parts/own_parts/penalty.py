"""The drift penalty of Progressive GAN (Karras et al. 2018, arXiv 1710.10196, appendix A.1)."""

from dataclasses import dataclass

from torch import Tensor

from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class Drift(Term):
    """E[D(x)^2] at real images, which keeps D's logits near zero; the paper's `weight` is 0.001."""

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The mean square of D's logits on real images, a scalar."""
        return inputs.logits["real"].square().mean()
