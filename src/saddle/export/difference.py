"""How far what an exported file makes is from what saddle makes."""

from typing import NamedTuple

import torch
from torch import Tensor

from saddle.alpha import CHANNELS, premultiplied

GRAY_LEVELS = "of 255 gray levels"

_CLOSE = 1e-4
"""The largest difference of points and codes, relative to the largest number, between two engines."""


class Difference(NamedTuple):
    """The greatest difference between the outputs of a file and those of saddle."""

    value: float
    unit: str
    """"of 255 gray levels" for images; for other outputs their name."""
    limit: float
    """The largest value with which it is still the same network."""

    def __str__(self) -> str:
        return f"{self.value:.3g} {self.unit}"


def difference_between(
    made: list[tuple[Tensor, ...]], expected: list[tuple[Tensor, ...]], names: list[str], exact: bool
) -> Difference:
    """The greatest difference of the outputs of these `names`, batch by batch; `exact` ones have the same bits.

    In images with alpha colors count as much as they are seen.
    """
    values = [[torch.cat(parts) for parts in zip(*outputs, strict=True)] for outputs in (made, expected)]
    if names == ["images"]:
        [images], [others] = values
        return Difference(_gray_levels(images, others), GRAY_LEVELS, 0 if exact else 1)
    greatest = max(_distance(first, second) for first, second in zip(*values, strict=True))
    largest = max(float(second.abs().max()) for second in values[1])
    return Difference(greatest, f"in {' and '.join(names)}", 0 if exact else _CLOSE * max(largest, 1))


def _gray_levels(images: Tensor, others: Tensor) -> float:
    """The greatest difference of images in gray levels, fractions of them for floats."""
    if images.dtype != torch.uint8:
        return _distance(images, others) * 127.5
    return _distance(_seen(images), _seen(others))


def _seen(images: Tensor) -> Tensor:
    """Levels of uint8 images (N, H, W, C), with colors multiplied by alpha where there is one."""
    levels = images.permute(0, 3, 1, 2).double()
    return premultiplied(levels) if images.shape[3] == CHANNELS else levels


def _distance(values: Tensor, others: Tensor) -> float:
    """The greatest absolute difference; infinity where shapes differ or a number is not finite."""
    if values.shape != others.shape or not values.double().isfinite().all():
        return float("inf")
    return float((values.double() - others.double()).abs().max())
