"""Stacked MNIST (Metz et al. 2017, arXiv 1611.02163, section 3.3.1): 1000 known modes that can be counted."""

from typing import Literal

import torch
from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.mnist import Mnist
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.seed import hashed_seed


class StackedMnist(Mnist):
    """Images whose three channels are three MNIST digits, drawn independently at random.

    The label, in [0, 10^`channels`), is the number that the digits of the channels spell, first channel first. With 2
    channels there are 100 modes and with 1 there are 10, for quick runs. `classes` must be 10^`channels`, or InputError
    is raised.

    Papers build the set in slightly different ways. This follows PacGAN (Lin et al. 2018, arXiv 1712.04086; the
    authors' code): 128,000 images of 28x28 pixels, each channel drawn with replacement. That code draws from MNIST's
    training and test images. Here training stacks are drawn from the training images only, so that test stacks share no
    digit with them.

    The stacks depend on `stack_seed`, `channels` and `size` only, never on the run's seed. They are held in memory (301
    MB per process by default), which takes less than a second to fill. An index of digits would be smaller, but all
    code that reads images would have to know how to stack.
    """

    test_size = 26_000
    """Number of test stacks, from MNIST's test images. PacGAN counts modes in as many samples."""

    evaluated = test_size

    labels_by_default = False
    """Its classes are modes to be found: a generator that is told the mode has nothing to find."""

    def __init__(
        self,
        root: str,
        image_size: Side,
        channels: Literal[1, 2, 3],
        classes: Size,
        batch_size: Count,
        seed: Index,
        accumulate: Count = 1,
        limit: Count | None = None,
        flip: bool = False,
        size: Count = 128_000,
        stack_seed: Index = 0,
    ) -> None:
        super().__init__(root, image_size, channels, classes, batch_size, seed, accumulate, limit, flip)
        modes = 10**channels
        if classes != modes:
            raise InputError(
                f"data.classes={classes}, but data.channels={channels} makes {modes} modes: use data.classes={modes}"
            )
        self.size = size
        self.stack_seed = stack_seed

    @property
    def class_names(self) -> list[str]:
        """The digits of each mode, first channel first: 007."""
        return [f"{number:0{self.channels}d}" for number in range(self.classes)]

    def load(self) -> tuple[Tensor, Tensor]:
        return self._stacked(*super().load(), self.size, "training")

    def load_test(self) -> tuple[Tensor, Tensor]:
        return self._stacked(*super().load_test(), self.test_size, "test")

    def wanted_bytes(self) -> int:
        return self.size * self.image_bytes  # all stacks are built before `limit` selects some

    def wanted_by(self) -> str:
        return f"data.size={self.size} x data.image_size={self.image_size}"

    def label_shares(self) -> Tensor:
        """The probability of each mode, float64 (10^`channels`,): the product of the shares of its digits.

        The shares are those in MNIST's training images, from which stacks are drawn. PacGAN's code assumes equally
        likely modes instead. A perfect generator has a divergence of 0.0043 nats from those, and of 0 from these.
        """
        digits = super().load()[1]
        single = torch.bincount(digits, minlength=10).double() / len(digits)
        shares = torch.ones(1, dtype=torch.float64)
        for _ in range(self.channels):
            shares = (shares.unsqueeze(1) * single).flatten()
        return shares

    def _stacked(self, images: Tensor, digits: Tensor, size: int, purpose: str) -> tuple[Tensor, Tensor]:
        """`size` stacks of `images` (M, 1, H, W) and their labels, from the `digits` (M,) of the images.

        The images are resized before they are stacked, because there are fewer images than stacks.
        """
        generator = torch.Generator().manual_seed(hashed_seed("stacks", purpose, self.stack_seed))
        drawn = torch.randint(len(images), (size, self.channels), generator=generator)
        places = 10 ** torch.arange(self.channels - 1, -1, -1)
        return resized(images, self.image_size)[:, 0][drawn], (digits[drawn] * places).sum(1)
