"""The weight clipping of Arjovsky et al. 2017, algorithm 1 (arXiv 1701.07875)."""

from dataclasses import dataclass

import torch
from torch import nn

from saddle.bound import Positive
from saddle.penalty.base import WeightConstraint


@dataclass(frozen=True)
class WeightClipping(WeightConstraint):
    """Clamps every parameter of D to [-limit, limit] after each of D's steps; the paper's limit c is 0.01."""

    limit: Positive = 0.01

    @torch.no_grad()
    def apply(self, network: nn.Module) -> None:
        """Clamp all parameters of `network` in place."""
        for parameter in network.parameters():
            parameter.clamp_(-self.limit, self.limit)
