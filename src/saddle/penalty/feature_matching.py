"""Feature matching of Salimans et al. 2016, section 3.1 (arXiv 1606.03498)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class FeatureMatching(Term):
    """|E f(x) - E f(G(z))|^2, summed over features, added to G's loss; f(x) is what D's last layer reads.

    The paper puts it in the place of G's adversarial loss; here it stands beside that. It is not linear in the batch
    mean: the means are over all ranks, but accumulated parts match their own.
    """

    def generator(self, inputs: TermInputs) -> Tensor:
        """The squared distance of the mean features, a scalar."""
        with torch.no_grad():
            real = inputs.randomness.gather(_full(inputs.features(inputs.real, "real"))).mean(0)
        fake = inputs.randomness.gather(_full(inputs.features(inputs.fake, "fake"))).mean(0)
        return (real - fake).square().sum()


def _full(features: Tensor) -> Tensor:
    """In at least float32: their means are close."""
    return features if features.element_size() >= 4 else features.float()
