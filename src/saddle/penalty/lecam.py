"""The regularizer of Tseng et al. 2021, eq. 4 (arXiv 2104.03310), for training on few images."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddle.bound import Beta
from saddle.penalty.base import Term, TermInputs


class Anchors(nn.Module):
    """Moving averages of D's mean logits on real and on generated images, free of the bias towards their start at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("sums", torch.zeros(2))
        self.register_buffer("mass", torch.zeros(()))

    def update(self, real: Tensor, fake: Tensor, decay: float) -> None:
        """Average the means of logits (N,) in."""
        means = torch.stack([real.mean(), fake.mean()]).to(self.sums)
        self.sums.mul_(decay).add_(means, alpha=1 - decay)
        self.mass.mul_(decay).add_(1 - decay)

    def values(self) -> tuple[Tensor, Tensor]:
        """The averages for real and generated images, scalars; 0 before the first update."""
        real, fake = self.sums / self.mass.clamp(min=1e-30)
        return real, fake


@dataclass(frozen=True)
class LeCam(Term):
    """E[(D(x) - a_F)^2] + E[(D(G(z)) - a_R)^2], a_F and a_R the averages of D's logits on generated and real images.

    `decay` of the averages is per iteration; they are of the iterations before. This is the paper's equation; the
    authors' code squares only max(0, D(x) - a_F) and max(0, a_R - D(G(z))), which differs where D errs.
    """

    decay: Beta = 0.99
    state: Anchors = field(default_factory=Anchors, init=False, compare=False)

    def discriminator(self, inputs: TermInputs) -> Tensor:
        """The mean of both squares, a scalar."""
        real, fake = inputs.logits["real"], inputs.logits["fake"]
        anchor_real, anchor_fake = (value.to(real.dtype) for value in self.state.values())
        return (real - anchor_fake).square().mean() + (fake - anchor_real).square().mean()

    def observe(self, real: Tensor, fake: Tensor) -> None:
        self.state.update(real, fake, self.decay)
