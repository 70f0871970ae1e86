"""zCR, latent consistency regularization of Zhao et al. 2021, section 3.2 (arXiv 2002.04724)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import NonNegative, Positive
from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class LatentConsistency(Term):
    """D should give G(z) and G(z + d) the same logit, while G should turn them into different images.

    d is normal with standard deviation `deviation`. The addition to D's loss is E[(D(G(z)) - D(G(z + d)))^2], the
    addition to G's loss is -`generator_share` x E[|G(z) - G(z + d)|^2], a mean over pixels. `weight` multiplies both:
    it is the paper's lambda_dis, and `weight` x `generator_share` is lambda_gen. Only the range [-1, 1] of images
    bounds G's term from below.
    """

    deviation: Positive = 0.03
    generator_share: NonNegative = 0.1

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The mean squared difference of logits, a scalar."""
        with torch.no_grad():
            moved = self._moved(inputs)
        return (inputs.logits["fake"] - inputs.discriminate(moved, "fake")).square().mean()

    def generator(self, inputs: TermInputs) -> Tensor | None:
        """Minus `generator_share` times the mean squared difference of the images, a scalar; None if that is 0."""
        if self.generator_share == 0:
            return None
        with torch.autocast(inputs.latent.device.type, enabled=False):  # the images are too similar for half precision
            difference = inputs.generate(inputs.latent) - self._moved(inputs)
            return -self.generator_share * difference.square().mean()

    def _moved(self, inputs: TermInputs) -> Tensor:
        """G(z + d), (N, C, H, W)."""
        step = inputs.randomness.noise("latent_consistency", tuple(inputs.latent.shape))
        return inputs.generate(inputs.latent + self.deviation * step)
