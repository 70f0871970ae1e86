"""The kinds of penalty, and the one place where an input gradient is taken."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from saddle.bound import Count, NonNegative
from saddle.schedule import Schedule


class Randomness(Protocol):
    """Numbers that belong to a moment of training; `saddle.game.turn.Moment` is one."""

    @property
    def noise(self) -> Callable[[str, tuple[int, ...]], Tensor]:
        """Standard normal numbers for a purpose and a shape (N, ...)."""

    @property
    def uniform(self) -> Callable[[str, tuple[int, ...]], Tensor]:
        """Numbers in [0, 1), likewise."""

    @property
    def gather(self) -> Callable[[Tensor], Tensor]:
        """The rows of all ranks, (N, ...) to (M, ...), with gradients."""


@dataclass(frozen=True)
class Weighted:
    """What every penalty on a loss has in common.

    `weight` multiplies it, and `schedule`, a factor over the images seen before the iteration, where there is one. It
    is evaluated in every `every_iterations`-th of its player's turns, with `every_iterations` times the weight there,
    so that the mean over turns stays the same (lazy regularization, Karras et al. 2020, arXiv 1912.04958, appendix B).
    """

    weight: NonNegative
    every_iterations: Count = 1
    schedule: Schedule | None = None

    def due(self, iteration: int) -> bool:
        """Whether this penalty is evaluated in iteration `iteration` (counted from 0)."""
        return self.weight > 0 and iteration % self.every_iterations == 0

    def gain(self, images: int) -> float:
        """What the values are multiplied with when they are evaluated after `images` images."""
        factor = 1.0 if self.schedule is None else self.schedule.factor(images)
        return self.weight * self.every_iterations * factor


@dataclass(frozen=True)
class InputGradientPenalty(Weighted, ABC):
    """A function of the gradient of D's logit with respect to its input, added to D's loss.

    `precision` 32 leaves autocast for the pass of D that the gradient is taken from; "inherit" stays in the trainer's
    precision. It is kept as a string, though a command line gives a number.
    """

    precision: Literal[32, "32", "inherit"] = "32"

    at = "between"
    """Where the gradient is taken: at "real" or "fake" images, whose logits are then shared with the loss, or at
    points that belong to the penalty alone ("between")."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", str(self.precision))

    @abstractmethod
    def values(self, gradient: Tensor) -> Tensor:
        """The penalty per sample, (N,), from the input gradient (N, C, H, W), without its weight."""

    def points(self, real: Tensor, fake: Tensor, randomness: Randomness) -> Tensor:
        """Where the gradient is taken when `at` is "between": (N, C, H, W)."""
        raise NotImplementedError


class WeightConstraint(ABC):
    """A change of D's weights after each of its steps."""

    @abstractmethod
    def apply(self, network: nn.Module) -> None:
        """Change the parameters of `network` in place."""


@dataclass(frozen=True)
class TermInputs:
    """The results of a turn that its terms may read, and functions for what else they need.

    `networks` are the game's. `real` and `fake` are images (N, C, H, W), `logits` D's logits (N,) on them by kind,
    "real" and "fake" (in G's turn only "fake"). `discriminate` gives D's logits (N,), `features` the inputs (N, F) of
    D's last layer, and `generate` images from a latent (N, latent_dim); all three use the batch's labels. The first two
    take the kind of image, "real" or "fake", as a second argument, because it decides the augmentations.
    """

    networks: Mapping[str, nn.Module]
    real: Tensor
    fake: Tensor
    latent: Tensor
    logits: Mapping[str, Tensor]
    discriminate: Callable[[Tensor, str], Tensor]
    features: Callable[[Tensor, str], Tensor]
    generate: Callable[[Tensor], Tensor]
    randomness: Randomness


@dataclass(frozen=True)
class Term(Weighted, ABC):
    """A penalty that needs more than an input gradient: two views of an image, features, weights, or state.

    A term gives something to D's loss, to G's, or to both. What it remembers is in the buffers of its `state` and
    changes in `observe` alone, so that a loss is a pure function.
    """

    state = None
    """An `nn.Module`, or None for a term that remembers nothing."""

    def discriminator(self, inputs: TermInputs) -> Tensor | None:
        """What is added to D's loss, a scalar without its weight, or None."""
        return None

    def generator(self, inputs: TermInputs) -> Tensor | None:
        """What is added to G's loss, a scalar without its weight, or None."""
        return None

    def observe(self, real: Tensor, fake: Tensor) -> None:
        """Take in D's logits on the real (N,) and generated (N,) images of the global batch, after D's step."""


def squared_norms(gradient: Tensor) -> Tensor:
    """The squared Euclidean norm per sample, (N,), of a gradient (N, ...)."""
    return gradient.flatten(1).square().sum(1)


def norms(gradient: Tensor) -> Tensor:
    """The Euclidean norm per sample, (N,), of a gradient (N, ...); its derivative at 0 is finite."""
    return (squared_norms(gradient) + 1e-12).sqrt()


def logits_and_input_gradient(
    discriminator: Callable[[Tensor], Tensor], images: Tensor, precision: Literal["32", "inherit"] = "32"
) -> tuple[Tensor, Tensor]:
    """D's logits (N,) on `images` (N, C, H, W) and their gradient (N, C, H, W), both on one graph.

    The gradient of the sum of the logits is the gradient of each logit by its own image, as long as D treats images
    apart (no batch normalization). Under fp16 autocast the pass is always taken in float32, because fp16 gradients of
    gradients overflow.
    """
    device = images.device.type
    half = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    leave_autocast = half is not None and (precision == "32" or half == torch.float16)
    if leave_autocast:
        images = images.float()  # mixed precision keeps D's weights in float32
    images = images.detach().requires_grad_(True)
    with torch.autocast(device, enabled=False) if leave_autocast else nullcontext():
        logits = discriminator(images)
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return logits, gradient
