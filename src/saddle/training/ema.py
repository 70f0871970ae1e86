"""Exponential moving averages of networks' weights, from which samples, metrics and tools work."""

import copy
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from saddle.bound import NonNegative, Positive
from saddle.schedule import Schedule


class EMA(nn.Module):
    """Averages of networks' weights, in float32 or better, always in evaluation mode.

    The weight of the past halves every `half_life_images` images. Early in training the half-life is at most `warmup`
    times the images seen (Karras et al. 2022, EDM, appendix F.1 and `training_loop.py`), so that the average forgets
    the initial weights; `warmup` 0 turns that off. `schedule` is a factor on the half-life over images (R3GAN, arXiv
    2501.05441, lets it grow). Floating-point buffers (batch statistics) are averaged, others are copied; a generator's
    batch statistics are recomputed before use (`saddle.training.batch_norm`).
    """

    def __init__(
        self, half_life_images: Positive = 10_000, warmup: NonNegative = 0.05, schedule: Schedule | None = None
    ) -> None:
        super().__init__()
        self.half_life_images, self.warmup = half_life_images, warmup
        self.schedule = Schedule() if schedule is None else schedule
        self._last_images: dict[str, int] = {}

    def follow(self, networks: Mapping[str, nn.Module]) -> Self:
        """Start the averages as copies of `networks`."""
        self.networks = nn.ModuleDict({name: _averaging(network) for name, network in networks.items()})
        self._last_images = dict.fromkeys(networks, 0)
        return self

    def train(self, mode: bool = True) -> Self:
        """Stays in evaluation mode: `mode` is ignored."""
        return super().train(False)

    def decay(self, images: int, since: int) -> float:
        """The factor on the weight of the past between updates at `since` and at `images` images."""
        half_life = self.half_life_images * self.schedule.factor(images)
        if self.warmup > 0:
            half_life = min(half_life, images * self.warmup)
        return 0.5 ** ((images - since) / half_life) if half_life > 0 else 0.0

    def advance(self, name: str, images: int) -> float:
        """Record an update of the average `name` after `images` images; returns its `decay`."""
        decay = self.decay(images, self._last_images[name])
        self._last_images[name] = images
        return decay

    @torch.no_grad()
    def update(self, name: str, network: nn.Module, images: int) -> None:
        """Move the average `name` toward the weights of `network`, after `images` images."""
        decay = self.advance(name, images)
        averaged: list[Tensor] = list(self.networks[name].parameters())
        current = [c.to(a.dtype) for a, c in zip(averaged, network.parameters(), strict=True)]
        torch._foreach_lerp_(averaged, current, 1 - decay)
        for mine, theirs in zip(self.networks[name].buffers(), network.buffers(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs.to(mine.dtype), 1 - decay)
            else:
                mine.copy_(theirs)

    def get_extra_state(self) -> dict[str, dict[str, int]]:
        return {"last_images": dict(self._last_images)}

    def set_extra_state(self, state: dict[str, dict[str, int]]) -> None:
        self._last_images = dict(state["last_images"])


def _averaging(network: nn.Module) -> nn.Module:
    """A copy of `network` in float32 or better, without gradients, in evaluation mode."""
    average = copy.deepcopy(network).requires_grad_(False).eval()
    for tensor in (*average.parameters(), *average.buffers()):
        if tensor.is_floating_point() and tensor.element_size() < 4:
            tensor.data = tensor.data.float()
    return average
