"""The one clock of a run."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import torch


@dataclass
class Clock:
    """Counts iterations (batches delivered by the loader), images seen, and each turn's updates of its networks.

    A step that a gradient scaler skips does not count as an update.
    """

    iteration: int = 0
    images: int = 0
    updates: Counter[str] = field(default_factory=Counter)
    cpu_seconds: float = field(default=0.0, compare=False)
    """CPU seconds of this process, over all its threads, that went into playing iterations, compiling left out.

    On an accelerator they are seconds of its work; they are counted only where the run has a budget of them.
    """

    def tick(self, images: int) -> None:
        """Count one iteration of `images` images over all ranks."""
        self.iteration += 1
        self.images += images

    @contextmanager
    def counting(self, device: torch.device) -> Iterator[None]:
        """Add the seconds that are spent inside, on `device`, to `cpu_seconds`."""
        begun = _seconds(device)
        yield
        self.cpu_seconds += _seconds(device) - begun

    @contextmanager
    def not_counting(self, device: torch.device) -> Iterator[None]:
        """Inside `counting`, leave out the seconds that are spent inside."""
        begun = _seconds(device)
        yield
        self.cpu_seconds -= _seconds(device) - begun

    def state_dict(self) -> dict[str, int | float | dict[str, int]]:
        """Plain numbers, for a checkpoint."""
        return {
            "iteration": self.iteration,
            "images": self.images,
            "updates": dict(self.updates),
            "cpu_seconds": self.cpu_seconds,
        }

    @classmethod
    def from_state_dict(cls, state: dict) -> Self:
        """The clock with the counts of a `state_dict`; older ones counted no seconds."""
        return cls(state["iteration"], state["images"], Counter(state["updates"]), state.get("cpu_seconds", 0.0))


def _seconds(device: torch.device) -> float:
    """A reading of this process's CPU time; on an accelerator, of the time at which its work so far is done."""
    if device.type == "cpu":
        return time.process_time()
    torch.accelerator.synchronize(device)
    return time.perf_counter()
