"""bCR, balanced consistency regularization of Zhao et al. 2021, section 3.1 (arXiv 2002.04724)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddle.bound import Index, NonNegative
from saddle.penalty.base import Term, View


@dataclass(frozen=True)
class BalancedConsistency(Term):
    """D gives an image and its changed version the same logit: E[(D(x) - D(T(x)))^2] + E[(D(G(z)) - D(T(G(z))))^2].

    T shifts by up to `shift` pixels in both directions, filling with the edge's pixels, and where `flip`, mirrors left
    to right with probability 1/2 (digits and letters have a side). `weight` is the paper's lambda_real, and
    `fake_share` lambda_fake over it; with `fake_share` 0 it is CR-GAN (Zhang et al. 2020, arXiv 1910.12027).
    """

    fake_share: NonNegative = 1.0
    shift: Index = 4
    flip: bool = False

    def discriminator(self, view: View) -> Tensor:
        """The mean squared differences of logits, a scalar."""
        value = self._difference(view, "real")
        return value + self.fake_share * self._difference(view, "fake") if self.fake_share else value

    def _difference(self, view: View, kind: str) -> Tensor:
        images = view.real if kind == "real" else view.fake
        numbers = view.chance.uniform(f"balanced_consistency {kind}", (len(images), 3))
        return (view.logits[kind] - view.discriminate(self.changed(images, numbers))).square().mean()

    def changed(self, images: Tensor, numbers: Tensor) -> Tensor:
        """T of images (N, C, H, W), decided by numbers (N, 3) in [0, 1): shift down, shift right, mirror."""
        height, width = images.shape[-2:]
        down, right = ((numbers[:, :2] * (2 * self.shift + 1)).long() - self.shift).unbind(1)
        rows = (torch.arange(height, device=images.device) - down.unsqueeze(1)).clamp(0, height - 1)
        columns = (torch.arange(width, device=images.device) - right.unsqueeze(1)).clamp(0, width - 1)
        if self.flip:
            columns = torch.where(numbers[:, 2:] < 0.5, columns.flip(1), columns)
        samples = torch.arange(len(images), device=images.device).view(-1, 1, 1)
        moved = images.permute(0, 2, 3, 1)[samples, rows.unsqueeze(2), columns.unsqueeze(1)]
        return moved.permute(0, 3, 1, 2)
