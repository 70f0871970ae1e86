"""zCR, latent consistency regularization of Zhao et al. 2021, section 3.2 (arXiv 2002.04724)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import NonNegative, Positive
from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class LatentConsistency(Term):
    """D gives G(z) and G(z + d) the same logit, and G is pushed to make them different images.

    d is normal with standard deviation `deviation`. To D's loss comes E[(D(G(z)) - D(G(z + d)))^2], to G's
    -`generator_share` x E[|G(z) - G(z + d)|^2], the mean over pixels; `weight` multiplies both (the paper's
    lambda_dis; lambda_gen is `weight` x `generator_share`). G's term has no lower bound but that of images in [-1, 1].
    """

    deviation: Positive = 0.03
    generator_share: NonNegative = 0.1

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The mean squared difference of logits, a scalar."""
        with torch.no_grad():
            moved = self._moved(inputs)
        return (inputs.logits["fake"] - inputs.discriminate(moved, "fake")).square().mean()

    def generator(self, inputs: TermInputs) -> Tensor | None:
        """Minus the mean squared difference of images times `generator_share`, a scalar; None where that is 0."""
        if self.generator_share == 0:
            return None
        # The two images are too much alike for half precision.
        with torch.autocast(inputs.latent.device.type, enabled=False):
            return -self.generator_share * (inputs.generate(inputs.latent) - self._moved(inputs)).square().mean()

    def _moved(self, inputs: TermInputs) -> Tensor:
        step = inputs.randomness.noise("latent_consistency", tuple(inputs.latent.shape))
        return inputs.generate(inputs.latent + self.deviation * step)
