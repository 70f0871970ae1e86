"""Matching of mean images: feature matching (Salimans et al. 2016, section 3.1, arXiv 1606.03498) with f(x) = x."""

from dataclasses import dataclass

from torch import Tensor

from saddle.penalty.base import Term, TermInputs


@dataclass(frozen=True)
class MeanMatching(Term):
    """|mean of real images - mean of generated images|^2, summed over pixels, added to G's loss.

    This is saddle's reading of the tutorial's penalty on "the difference between generated and real data". The means
    are over the batch of all ranks. With gradient accumulation each part of a batch is matched by itself, which is not
    the same as matching the whole.
    """

    over_batch = True

    def generator(self, inputs: TermInputs) -> Tensor:
        """The squared distance of the two batch means, a scalar."""
        real, fake = inputs.randomness.gather(inputs.real), inputs.randomness.gather(inputs.fake)
        return (real.mean(0) - fake.to(real.dtype).mean(0)).square().sum()
