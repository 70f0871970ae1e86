"""Matching of mean images: feature matching (Salimans et al. 2016, section 3.1, arXiv 1606.03498) with f(x) = x."""

from dataclasses import dataclass

from torch import Tensor

from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class MeanMatching(Term):
    """|mean of real images - mean of generated images|^2, summed over pixels, added to G's loss.

    This is saddle's reading of the tutorial's penalty on "the difference between generated and real data". It is not
    linear in the batch mean: the means are over all ranks, but accumulated parts match their own.
    """

    def generator(self, inputs: TermInputs) -> Tensor:
        """The squared distance of the two batch means, a scalar."""
        real, fake = inputs.randomness.gather(inputs.real), inputs.randomness.gather(inputs.fake)
        return (real.mean(0) - fake.to(real.dtype).mean(0)).square().sum()
