"""What an augmentation is, and how numbers in [0, 1) become random integers."""

from abc import ABC, abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from saddle.alpha import CHANNELS
from saddle.error import InputError

Uniform = Callable[[str, tuple[int, ...]], Tensor]
"""Draws numbers in [0, 1) for a purpose and a shape (N, ...)."""


class Augmentation(nn.Module, ABC):
    """A differentiable random change of the images that D sees, both real and generated.

    All randomness comes from `uniform`. Row i of the output depends only on row i of the images and of the random
    numbers. `uniform` returns the same numbers whenever it is called with the same purpose, so different changes for
    real and for generated images take two different functions. State lies in buffers and changes only in `observe`.
    """

    needs_logit_sign: bool = False
    """Whether it reads the signs of D's logits, so that the loss must make them meaningful (ADA)."""

    shown: tuple[str, ...] = ()
    """Names of the scalar buffers that are logged as curves."""

    @abstractmethod
    def forward(self, images: Tensor, uniform: Uniform) -> Tensor:
        """Changed images, of the shape and dtype of `images`: (N, C, H, W) in [-1, 1].

        Colors may leave [-1, 1]. A fourth channel is alpha, by which colors are multiplied (`saddle.alpha`). Raises
        InputError if `check` does.
        """

    def check(self, channels: int) -> None:
        """Raise InputError if the settings cannot be applied to images with that many channels."""

    def observe(self, real_logits: Tensor, images: int | Tensor) -> None:
        """Update the state after a step of D, from its logits (M,) on the augmented real images of the global batch.

        `images` is the number of images in that batch. It differs from M if D judges packs or patches. Ranks with equal
        logits stay equal.
        """


def check_colors(names: list[str], channels: int) -> None:
    """Raise InputError if `names` lists settings that need red, green and blue, and `channels` are others.

    Alpha may be beside them.
    """
    if names and channels not in (3, CHANNELS):
        raise InputError(
            f"{names[0]}=true mixes red, green and blue, but data.channels={channels}: use {names[0]}=false"
        )


def whole(numbers: Tensor, first: int, last: int) -> Tensor:
    """Integers from `first` to `last`, both included and equally likely, int64, from `numbers` uniform in [0, 1)."""
    return (numbers * (last - first + 1)).floor().long() + first
