"""Schedules over a horizon in images, so that a longer run or a resumed one does not change them."""

import math
from dataclasses import dataclass
from typing import Literal

from saddle.bound import Index, NonNegative


@dataclass(frozen=True)
class Schedule:
    """A factor as a function of images seen.

    Over `warmup_images` it rises linearly from 0 to 1; then, until `horizon_images`, it goes from 1 to `final` along
    `shape` ("cosine": half a period, Loshchilov & Hutter 2017, eq. 5, arXiv 1608.03983), and stays there.
    "constant" stays at 1 and reads no horizon. Raises ValueError if the horizon is not beyond the warm-up.
    """

    shape: Literal["constant", "linear", "cosine"] = "constant"
    warmup_images: Index = 0
    horizon_images: Index = 0
    final: NonNegative = 0.0

    def __post_init__(self) -> None:
        for name in ("horizon_images", "final"):
            if self.shape == "constant" and getattr(self, name):
                raise ValueError(f"{name}={getattr(self, name)} is not read by shape=constant: use linear or cosine")
        if self.shape != "constant" and self.horizon_images <= self.warmup_images:
            raise ValueError(
                f"horizon_images={self.horizon_images} must exceed warmup_images={self.warmup_images} "
                f"for shape={self.shape}"
            )

    def factor(self, images: int) -> float:
        """The factor for the iteration that ends at `images` images seen."""
        if images < self.warmup_images:
            return images / self.warmup_images
        if self.shape == "constant":
            return 1.0
        progress = min(1.0, (images - self.warmup_images) / (self.horizon_images - self.warmup_images))
        if self.shape == "cosine":
            progress = 0.5 * (1 - math.cos(math.pi * progress))
        return 1.0 + (self.final - 1.0) * progress
