"""The kinds of penalty, and the one place where an input gradient is taken."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

import torch
from torch import Tensor, nn

from saddle.bound import Count, NonNegative
from saddle.schedule import Schedule


class Randomness(Protocol):
    """The random numbers of one iteration of training. `saddle.game.turn.Moment` is one implementation."""

    @property
    def noise(self) -> Callable[[str, tuple[int, ...]], Tensor]:
        """Standard normal numbers for a purpose and a shape (N, ...)."""

    @property
    def uniform(self) -> Callable[[str, tuple[int, ...]], Tensor]:
        """Numbers in [0, 1), likewise."""

    @property
    def gather(self) -> Callable[[Tensor], Tensor]:
        """The rows of all ranks, (N, ...) to (M, ...), with gradients."""


class Penalty:
    """What the checks before training ask of every penalty, so that one of your own is judged like the ones here.

    Set the attributes in the class body without an annotation.
    """

    bounds_gradient: ClassVar[bool] = False
    """Whether it keeps D's gradient with respect to its input bounded, as the Wasserstein loss requires."""

    needs_images: ClassVar[bool] = False
    """Whether it works on images (N, C, H, W) only, and not on points (N, 2)."""

    needs_reconstructions: ClassVar[bool] = False
    """Whether it reads `TermInputs.reconstructions`, for which D must have decoders."""

    over_batch: ClassVar[bool] = False
    """Whether its value on a batch is not the mean of its values on the parts of the batch.

    With training.accumulate above 1 it sees each part by itself, and a warning before training says so.
    """


@dataclass(frozen=True)
class Weighted(Penalty):
    """What every penalty that is added to a loss has in common.

    The penalty is multiplied by `weight` and, if there is a `schedule`, by its factor for the images seen before the
    iteration. With `every_iterations` k above 1 it is evaluated in every k-th turn of its player only, with k times
    the weight, so that the mean over turns stays the same (lazy regularization, Karras et al. 2020, arXiv 1912.04958,
    appendix B).
    """

    weight: NonNegative
    every_iterations: Count = 1
    schedule: Schedule | None = None

    def due(self, iteration: int) -> bool:
        """Whether this penalty is evaluated in iteration `iteration` (counted from 0)."""
        return self.weight > 0 and iteration % self.every_iterations == 0

    def gain(self, images: int) -> float:
        """The factor on the penalty's value in an iteration that begins after `images` images."""
        factor = 1.0 if self.schedule is None else self.schedule.factor(images)
        return self.weight * self.every_iterations * factor


@dataclass(frozen=True)
class InputGradientPenalty(Weighted, ABC):
    """A function of the gradient of D's logit with respect to its input, added to D's loss.

    With `precision` 32 the pass of D whose gradient is taken runs outside of autocast; with "inherit" it runs in the
    trainer's precision. The number 32 and the string "32" mean the same; the string is stored.
    """

    precision: Literal[32, "32", "inherit"] = "32"

    at: ClassVar[Literal["real", "fake", "between"]] = "between"
    """Where the gradient is taken. At "real" or "fake" images the pass of D is shared with the loss; "between" means
    the penalty's own points."""

    bounds_gradient = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", str(self.precision))  # the class is frozen

    @abstractmethod
    def values(self, gradient: Tensor) -> Tensor:
        """The penalty per sample, (N,), of the input gradient (N, C, H, W), not yet multiplied by `gain`."""

    def points(self, real: Tensor, fake: Tensor, randomness: Randomness) -> Tensor:
        """Where the gradient is taken when `at` is "between": (N, C, H, W)."""
        raise NotImplementedError


class WeightConstraint(Penalty, ABC):
    """A change of D's weights after each of its steps."""

    bounds_gradient = True

    @abstractmethod
    def apply(self, network: nn.Module) -> None:
        """Change the parameters of `network` in place."""


@dataclass(frozen=True)
class TermInputs:
    """What the terms of a turn may read: tensors that the turn has computed, and functions to compute more.

    - `networks`: the game's networks, by name.
    - `real`, `fake`: real and generated images (N, C, H, W).
    - `latent`: the latents (N, latent_dim) of the generated images.
    - `logits`: D's logits (N,) on these images, under "real" and "fake"; in G's turn only under "fake".
    - `discriminate(images, kind)`: D's logits (N,).
    - `features(images, kind)`: the input (N, F) of D's last layer.
    - `reconstructions(images, kind)`: pairs of images that D's decoders make of its features, and what they should be.
    - `generate(latent)`: images (N, C, H, W).

    `kind` is "real" or "fake" and selects the random numbers of the augmentations. The functions pass the batch's
    labels on to conditional networks.
    """

    networks: Mapping[str, nn.Module]
    real: Tensor
    fake: Tensor
    latent: Tensor
    logits: Mapping[str, Tensor]
    discriminate: Callable[[Tensor, str], Tensor]
    features: Callable[[Tensor, str], Tensor]
    reconstructions: Callable[[Tensor, str], Sequence[tuple[Tensor, Tensor]]]
    generate: Callable[[Tensor], Tensor]
    randomness: Randomness


@dataclass(frozen=True)
class Term(Weighted, ABC):
    """A penalty that reads something other than an input gradient: changed images, features, weights, or state.

    A term adds to D's loss, to G's loss, or to both. Its state lies in the buffers of `state` and changes only in
    `observe`, so that losses stay pure functions.
    """

    state: nn.Module | None = field(default=None, init=False, repr=False, compare=False)
    """The module whose buffers hold the state, or None for a term without state."""

    def discriminator(self, inputs: TermInputs) -> Tensor | None:
        """The addition to D's loss, a scalar not yet multiplied by `gain`, or None."""
        return None

    def generator(self, inputs: TermInputs) -> Tensor | None:
        """The addition to G's loss, a scalar not yet multiplied by `gain`, or None."""
        return None

    def observe(self, real: Tensor, fake: Tensor) -> None:
        """Update the state after D's step, from D's logits on the `real` (N,) and `fake` (N,) images of all ranks."""


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

    The gradient of the sum of the logits equals the gradient of each logit with respect to its own image, as long as
    D judges each image independently of the others (no batch normalization). Under fp16 autocast the pass always runs
    in float32, because gradients of fp16 gradients overflow.
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
