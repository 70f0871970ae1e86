"""The three kinds of penalty, and the one place where an input gradient is taken."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from saddle.bound import Count, NonNegative

Uniform = Callable[[str, tuple[int, ...]], Tensor]
"""Draws numbers in [0, 1) for a purpose and a shape (N, ...)."""


@dataclass(frozen=True)
class InputGradientPenalty(ABC):
    """A function of the gradient of D's logit with respect to its input, added to D's loss.

    `weight` multiplies it. It is evaluated in every `every_iterations`-th iteration, with `every_iterations` times
    the weight there, so that the mean over iterations stays the same (lazy regularization, Karras et al. 2020,
    arXiv 1912.04958, appendix B). `precision` 32 leaves autocast for the pass of D that the gradient is taken from;
    "inherit" stays in the trainer's precision.
    """

    weight: NonNegative
    every_iterations: Count = 1
    precision: Literal["32", "inherit"] = "32"

    at = "between"
    """Where the gradient is taken: at "real" or "fake" images, whose logits are then shared with the loss, or at
    points that belong to the penalty alone ("between")."""

    @abstractmethod
    def values(self, gradient: Tensor) -> Tensor:
        """The penalty per sample, (N,), from the input gradient (N, C, H, W), without its weight."""

    def points(self, real: Tensor, fake: Tensor, uniform: Uniform) -> Tensor:
        """Where the gradient is taken when `at` is "between": (N, C, H, W)."""
        raise NotImplementedError

    def due(self, iteration: int) -> bool:
        """Whether this penalty is evaluated in iteration `iteration` (counted from 0)."""
        return self.weight > 0 and iteration % self.every_iterations == 0

    @property
    def gain(self) -> float:
        """What the values are multiplied with when they are evaluated."""
        return self.weight * self.every_iterations


class WeightConstraint(ABC):
    """A change of D's weights after each of its steps."""

    @abstractmethod
    def apply(self, network: nn.Module) -> None:
        """Change the parameters of `network` in place."""


@dataclass(frozen=True)
class GeneratorPenalty(ABC):
    """A function of a batch of real and one of generated images, added to G's loss with `weight`."""

    weight: NonNegative

    @abstractmethod
    def value(self, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty, a scalar, from real and generated images (N, C, H, W), without its weight."""


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
