"""Stacked MNIST (Metz et al. 2017, arXiv 1611.02163, section 3.3.1): 1000 modes that are known and can be counted."""

from typing import Literal

import torch
from torch import Tensor

from saddle.bound import Count, Index, Side, Size
from saddle.data.mnist import Mnist
from saddle.data.resize import resized
from saddle.error import InputError
from saddle.seed import hashed_seed


class StackedMnist(Mnist):
    """Images whose three channels are three MNIST digits, drawn at random and independently.

    The label, in [0, 10^`channels`), is the number whose decimal digits are those of the channels, first channel
    first. With 2 channels or 1 there are 100 modes or 10: quick versions. `classes` must be 10^`channels`, or
    InputError is raised.

    Papers build the set in slightly different ways. Here it is as in PacGAN (Lin et al. 2018, arXiv 1712.04086; the
    authors' code): 128,000 images of 28x28 pixels, each channel drawn with replacement. That code draws from MNIST's
    training and test images; here only from the training images, so that the test stacks share no digit with them.

    Which digits are stacked depends on `stack_seed`, `channels` and `size` alone, never on the run's seed. The stacks
    are kept in memory, by the default 301 MB (per process), which takes less than a second to fill: an index of the
    digits would need every reader of the images to know how to stack.
    """

    test_size = 26_000
    """Number of test stacks, from MNIST's test images: as many samples as PacGAN counts modes in."""

    evaluated = test_size

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
        right = 10**channels
        if classes != right:
            raise InputError(
                f"data.classes={classes}, but data.channels={channels} makes {right} modes: use data.classes={right}"
            )
        self.size, self.stack_seed = size, stack_seed

    def load(self) -> tuple[Tensor, Tensor]:
        return self._stacked(*super().load(), self.size, "training")

    def load_test(self) -> tuple[Tensor, Tensor]:
        return self._stacked(*super().load_test(), self.test_size, "test")

    def wanted_bytes(self) -> int:
        return self.size * self.channels * self.image_size**2  # all stacks are made before `limit` keeps some

    def wanted_by(self) -> str:
        return f"data.size={self.size} x data.image_size={self.image_size}"

    def label_shares(self) -> Tensor:
        """How likely each mode is, float64 (10^`channels`,): the product of its digits' shares in MNIST's training
        images, from which stacks are drawn. PacGAN's code takes all modes as equally likely; a perfect generator has
        a divergence of 0.0043 nats from that, and of nothing from these.
        """
        digits = super().load()[1]
        single = torch.bincount(digits, minlength=10).double() / len(digits)
        shares = torch.ones(1, dtype=torch.float64)
        for _ in range(self.channels):
            shares = (shares.unsqueeze(1) * single).flatten()
        return shares

    def _stacked(self, images: Tensor, digits: Tensor, size: int, purpose: str) -> tuple[Tensor, Tensor]:
        """`size` stacks of images (M, 1, H, W) with digits (M,); of the size asked for: 60,000 are resized sooner."""
        generator = torch.Generator().manual_seed(hashed_seed("stacks", purpose, self.stack_seed))
        drawn = torch.randint(len(images), (size, self.channels), generator=generator)
        places = 10 ** torch.arange(self.channels - 1, -1, -1)
        return resized(images, self.image_size)[:, 0][drawn], (digits[drawn] * places).sum(1)
