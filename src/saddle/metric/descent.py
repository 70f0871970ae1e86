"""How networks of features are trained: AdamW, under a learning rate that changes with each step."""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR

WEIGHT_DECAY = 0.02


@dataclass(frozen=True)
class Descent:
    """An optimizer and the schedule of its learning rate."""

    optimizer: Optimizer
    schedule: LRScheduler

    def step(self, loss: Tensor) -> float:
        """Update the weights by the gradient of `loss`, a scalar, and return its value."""
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.schedule.step()
        return loss.item()


def one_cycle(weights: Iterable[nn.Parameter], steps: int) -> Descent:
    """AdamW whose rate rises to 0.004 over the first fifth of the `steps`, and falls to 0 (arXiv 1708.07120)."""
    optimizer = AdamW(weights, lr=1e-3, weight_decay=WEIGHT_DECAY)
    return Descent(optimizer, OneCycleLR(optimizer, 4e-3, total_steps=steps, pct_start=0.2))
