"""The one clock of a run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self


@dataclass
class Clock:
    """Counts iterations (batches delivered by the loader), images seen, and each turn's updates of its networks.

    A step that a gradient scaler skips does not count as an update.
    """

    iteration: int = 0
    images: int = 0
    updates: Counter[str] = field(default_factory=Counter)

    def tick(self, images: int) -> None:
        """Count one iteration of `images` images over all ranks."""
        self.iteration += 1
        self.images += images

    def state_dict(self) -> dict[str, int | dict[str, int]]:
        """Plain numbers, for a checkpoint."""
        return {"iteration": self.iteration, "images": self.images, "updates": dict(self.updates)}

    @classmethod
    def from_state_dict(cls, state: dict) -> Self:
        """The clock with the counts of a `state_dict`."""
        return cls(state["iteration"], state["images"], Counter(state["updates"]))
