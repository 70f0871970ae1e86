"""The regularizer of Tseng et al. 2021, eq. 4 (arXiv 2104.03310), for training on few images."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddle.bound import Beta
from saddle.penalty.base import Term, TermInputs


class Anchors(nn.Module):
    """Moving averages of D's mean logits on real and on generated images, corrected for their start at 0."""

    sums: Tensor
    """The two uncorrected averages, (2,): real, generated."""
    mass: Tensor
    """The total weight of the updates, a scalar; the averages are divided by it."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sums", torch.zeros(2))
        self.register_buffer("mass", torch.zeros(()))

    def update(self, real: Tensor, fake: Tensor, decay: float) -> None:
        """Add the means of the logits `real` (N,) and `fake` (N,) to the averages."""
        means = torch.stack([real.mean(), fake.mean()]).to(self.sums)
        self.sums.mul_(decay).add_(means, alpha=1 - decay)
        self.mass.mul_(decay).add_(1 - decay)

    def values(self) -> tuple[Tensor, Tensor]:
        """The averages for real and generated images, scalars; 0 before the first update."""
        real, fake = self.sums / self.mass.clamp(min=1e-30)
        return real, fake


@dataclass(frozen=True)
class LeCam(Term):
    """E[(D(x) - a_F)^2] + E[(D(G(z)) - a_R)^2]; a_F and a_R average D's logits on generated and on real images.

    The averages are over the previous iterations and decay by `decay` per iteration. This is the paper's equation.
    The authors' code squares only max(0, D(x) - a_F) and max(0, a_R - D(G(z))), which differs wherever D errs.
    """

    decay: Beta = 0.99
    state: Anchors = field(default_factory=Anchors, init=False, compare=False)

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The mean of both squares, a scalar."""
        real, fake = inputs.logits["real"], inputs.logits["fake"]
        anchor_real, anchor_fake = self.state.values()
        distance_of_real = (real - anchor_fake.to(real.dtype)).square().mean()
        distance_of_fake = (fake - anchor_real.to(real.dtype)).square().mean()
        return distance_of_real + distance_of_fake

    def observe(self, real: Tensor, fake: Tensor) -> None:
        """Update the averages from D's logits on real (N,) and generated (N,) images."""
        self.state.update(real, fake, self.decay)
