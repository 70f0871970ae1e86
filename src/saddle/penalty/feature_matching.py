"""Feature matching of Salimans et al. 2016, section 3.1 (arXiv 1606.03498)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class FeatureMatching(Term):
    """|E f(x) - E f(G(z))|^2, summed over features, added to G's loss; f(x) is the input of D's last layer.

    In the paper it replaces G's adversarial loss; here it is added to it. The means are over the batch of all ranks.
    With gradient accumulation each part of a batch is matched by itself, which is not the same as matching the whole.
    """

    over_batch = True

    def generator(self, inputs: TermInputs) -> Tensor:
        """The squared distance of the mean features, a scalar."""
        with torch.no_grad():
            real = inputs.randomness.gather(_full(inputs.features(inputs.real, "real"))).mean(0)
        fake = inputs.randomness.gather(_full(inputs.features(inputs.fake, "fake"))).mean(0)
        return (real - fake).square().sum()


def _full(features: Tensor) -> Tensor:
    """Features in at least float32, because the two means are close to each other."""
    return features if features.element_size() >= 4 else features.float()
