"""What an augmentation is, and the way from numbers in [0, 1) to random choices."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from saddle.error import InputError

Uniform = Callable[[str, tuple[int, ...]], Tensor]
"""Draws numbers in [0, 1) for a purpose and a shape (N, ...)."""


class Augmentation(nn.Module, ABC):
    """A differentiable random change of the images that D sees, real and generated alike.

    All randomness comes from `uniform`; row i of what comes out depends on row i of images and numbers alone. One
    purpose gives the same numbers again, so whoever wants other changes for real than for generated images hands over
    another `uniform`. State lives in buffers and changes in `observe` only.
    """

    @abstractmethod
    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images, shape and dtype of `images`: (N, C, H, W) in [-1, 1], H = W; colors may leave that range.

        Raises InputError where `check` does.
        """

    def check(self, channels: int) -> None:
        """Raise InputError if images of that many channels cannot be changed as the settings ask."""

    def observe(self, real_logits: Tensor, images: int | Tensor) -> None:
        """Learn after a step of D what it said: its logits (M,) on all real images of the global batch, augmented.

        `images` is the number of images in that batch, which need not be M: D may judge packs, or patches. Equal on all
        ranks, as long as the logits are.
        """


def check_colors(names: list[str], channels: int) -> None:
    """Raise InputError if there are `names` of settings that need red, green and blue, and `channels` is not 3."""
    if names and channels != 3:
        raise InputError(
            f"{names[0]}=true mixes red, green and blue, but data.channels={channels}: use {names[0]}=false"
        )


def whole(numbers: Tensor, first: int, last: int) -> Tensor:
    """Integers from `first` to `last`, both included and all equally likely, int64, from numbers in [0, 1)."""
    return (numbers * (last - first + 1)).floor().long() + first
