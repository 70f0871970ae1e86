"""What a loss is: two pure functions of logits, per sample."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.nn.functional import softplus


class Loss(ABC):
    """A pair of objectives, both minimized, as functions of D's logits.

    `real` and `fake` are D's logits on real and on generated images, both (N,). Each function returns one value per
    sample, (N,); the game takes the mean. Equations cited below state the expectation of these values.

    The attributes below say what a loss requires. The checks before training compare them with the other parts, so a
    loss of your own is judged like the ones here. Set them in the class body, without an annotation in a dataclass.
    """

    generator_needs_real: bool = False
    """Whether G's objective reads D's logits on real images (relativistic losses do)."""

    relative: bool = False
    """Whether D's objective depends only on differences of logits, so that a bias of D's last layer has no gradient."""

    over_batch: bool = False
    """Whether each value depends on the whole batch. If so, the logits of all ranks are gathered first.

    With training.accumulate above 1 the batch is one accumulated part, and a warning before training says so.
    """

    needs_lipschitz: bool = False
    """Whether D's objective has no minimum unless D's gradient is bounded (Wasserstein)."""

    needs_input_gradient_penalty: bool = False
    """Whether training may diverge without a penalty on D's input gradient in every iteration (R3GAN's loss)."""

    has_margin: bool = False
    """Whether D's objective is linear while its logits stay inside a margin. Clipped weights keep them there."""

    logit_sign_is_meaningful: bool = True
    """Whether the sign of one logit says "real" or "generated". False for relative losses and for least squares."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """D's objective, (N,), from logits `real` (N,) and `fake` (N,)."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None = None) -> Tensor:
        """G's objective, (N,), from logits `fake` (N,) and, if `generator_needs_real`, `real` (N,)."""

    def opponent(self, real: Tensor, fake: Tensor) -> Tensor:
        """The objective, (N,), of an opponent that produces both kinds of D's inputs (BiGAN's encoder and generator).

        It is G's objective plus G's objective with the two kinds exchanged, from logits `real` (N,) and `fake` (N,).
        For the logistic losses these are the two halves of min over E and G (Donahue et al. 2017, eq. 2 and 3, arXiv
        1605.09782; Dumoulin et al. 2017, algorithm 1, arXiv 1606.00704). If G's objective already reads both kinds of
        logits, it is used as it is.
        """
        if self.generator_needs_real:
            return self.generator(fake, real)
        return self.generator(fake) + self.generator(self.exchanged(real))

    def exchanged(self, logits: Tensor) -> Tensor:
        """The logits (N,) of an equally confident discriminator that takes real for generated and vice versa."""
        return -logits


def logistic(real: Tensor, fake: Tensor, smoothing: float) -> Tensor:
    """-(1 - s) log sigmoid(real) - s log(1 - sigmoid(real)) - log(1 - sigmoid(fake)), (N,); `smoothing` is s."""
    value = softplus(-real) + softplus(fake)
    if smoothing == 0:
        return value  # an infinite logit times 0 would be NaN
    return value + smoothing * real


def check_logits(logits: Tensor, batch: int) -> Tensor:
    """Return logits (N,) in at least float32; raise ValueError for any other shape.

    Subtracting (N,) from (N, 1) would silently broadcast to (N, N).
    """
    if logits.shape != (batch,):
        raise ValueError(f"a discriminator returns logits of shape ({batch},); got {tuple(logits.shape)}")
    return logits if logits.element_size() >= 4 else logits.float()
