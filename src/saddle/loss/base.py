"""What a loss is: two pure functions of logits, per sample."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import softplus


class Loss(ABC):
    """A pair of objectives, both minimized, as functions of D's logits.

    `real` and `fake` are logits of shape (N,) on real and generated images, as many of both; a function returns (N,)
    values and the game takes their mean. Equations cited below name the expectation of these values.
    """

    generator_needs_real: bool = False
    """Whether G's objective reads D's logits on real images (relativistic losses do)."""

    relative: bool = False
    """Whether only differences of logits count, so that a bias of D's last layer has no gradient."""

    over_batch: bool = False
    """Whether a value depends on the whole batch: the logits of all ranks are then gathered first."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's objective, (N,), from logits `real` (N,) and `fake` (N,)."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """G's objective, (N,), from logits `fake` (N,) and, where `generator_needs_real`, `real` (N,)."""

    def opponent(self, real: Tensor, fake: Tensor) -> Tensor:
        """The objective, (N,), of an opponent that makes something of both kinds of D's inputs, logits `real` (N,) and
        `fake` (N,): G's own, and G's again with the kinds exchanged.

        Of the logistic losses these are the two halves of min over E and G (Donahue et al. 2017, eq. 2 and 3, arXiv
        1605.09782; Dumoulin et al. 2017, algorithm 1, arXiv 1606.00704). Where G's objective reads both it is that one.
        """
        if self.generator_needs_real:
            return self.generator(fake, real)
        return self.generator(fake) + self.generator(self.exchanged(real))

    def exchanged(self, logits: Tensor) -> Tensor:
        """Logits (N,) of a discriminator that is as sure as this one, but takes the kinds for each other."""
        return -logits


def logistic(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """-(1 - s) log sigmoid(real) - s log(1 - sigmoid(real)) - log(1 - sigmoid(fake)), (N,); `smoothing` is s."""
    value = softplus(-real) + softplus(fake)
    return value + smoothing * real if smoothing else value  # an infinite logit times 0 is NaN


def check_logits(logits: Tensor, batch: int) -> Tensor:
    """Return logits (N,) in at least float32, or raise: (N, 1) minus (N,) would broadcast to (N, N) unseen."""
    if logits.shape != (batch,):
        raise ValueError(f"a discriminator returns logits of shape ({batch},); got {tuple(logits.shape)}")
    return logits if logits.element_size() >= 4 else logits.float()
