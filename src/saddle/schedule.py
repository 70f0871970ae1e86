"""Schedules over a number of images, so that neither a longer run nor resuming changes them."""

import math
from dataclasses import dataclass
from typing import Literal

from saddle.bound import Index, NonNegative


@dataclass(frozen=True)
class Schedule:
    """A factor as a function of the images seen.

    It rises linearly from 0 to 1 over `warmup_images`. Then it goes from 1 to `final` until `horizon_images`, and stays
    there. `shape` is the way down: "linear", or "cosine" (half a period, Loshchilov & Hutter 2017, eq. 5, arXiv
    1608.03983). With "constant" it stays at 1 after the warm-up.

    Raises ValueError if the horizon is not beyond the warm-up, or if "constant" is combined with a horizon or `final`.
    """

    shape: Literal["constant", "linear", "cosine"] = "constant"
    warmup_images: Index = 0
    horizon_images: Index = 0
    final: NonNegative = 0.0

    def __post_init__(self) -> None:
        for name in ("horizon_images", "final"):
            if self.shape == "constant" and getattr(self, name):
                raise ValueError(
                    f"{name}={getattr(self, name)} is not read by shape=constant: use linear or cosine, or {name}=0"
                )
        if self.shape != "constant" and self.horizon_images <= self.warmup_images:
            raise ValueError(
                f"horizon_images={self.horizon_images} must exceed warmup_images={self.warmup_images} "
                f"for shape={self.shape}"
            )

    def factor(self, images: int) -> float:
        """The factor after `images` images."""
        if images < self.warmup_images:
            return images / self.warmup_images
        if self.shape == "constant":
            return 1.0
        progress = min(1.0, (images - self.warmup_images) / (self.horizon_images - self.warmup_images))
        if self.shape == "cosine":
            progress = 0.5 * (1 - math.cos(math.pi * progress))
        return 1.0 + (self.final - 1.0) * progress
