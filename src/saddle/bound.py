"""Number types with their ranges, for the constructors of everything that the config builds.

`saddle.config.signature` reads these annotations before anything is built and names a setting that is out of range.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen

_LARGEST = 2**63 - 1  # the largest int64

Count = Annotated[int, Ge(1), Le(_LARGEST)]
"""An integer of at least 1."""

Counts = Annotated[Sequence[Count], MinLen(1)]
"""A list of at least one integer, each at least 1."""

Several = Annotated[int, Ge(2), Le(_LARGEST)]
"""An integer of at least 2."""

Index = Annotated[int, Ge(0), Le(_LARGEST)]
"""An integer of at least 0."""

Size = Annotated[int, Ge(1), Le(65_536)]
"""A number of features, channels or other rows of a weight, in 1..65536. No network for small images has more."""

Sizes = Annotated[Sequence[Size], MinLen(1), MaxLen(100)]
"""A list of 1 to 100 sizes, one for each layer."""

AnySizes = Annotated[Sequence[Size], MaxLen(100)]
"""A list of at most 100 sizes, one for each layer."""

Widths = Size | Sizes
"""One size, from which a network derives those of all layers, or a list of them."""

SizeOrNone = Annotated[int, Ge(0), Le(65_536)]
"""A size, or 0 for none."""

Depth = Annotated[int, Ge(0), Le(100)]
"""A number of layers, in 0..100."""

Few = Annotated[int, Ge(1), Le(100)]
"""A small number, in 1..100."""

Side = Annotated[int, Ge(1), Le(4096)]
"""A side of an image in pixels, in 1..4096."""

ImageSize = Side | tuple[Side, Side]
"""The side of square images in pixels, or height and width of rectangular ones: 64, or [64, 96]."""

Samples = Annotated[int, Ge(1), Le(1_000_000)]
"""A number of samples to measure, in 1..1000000. They are held in memory."""

Byte = Annotated[int, Ge(0), Le(255)]
"""An integer in 0..255, a level of gray."""

Positive = Annotated[float, Gt(0)]
"""A number above 0."""

NonNegative = Annotated[float, Ge(0)]
"""A number of at least 0."""

Fraction = Annotated[float, Ge(0), Le(1)]
"""A number in [0, 1]."""

Beta = Annotated[float, Ge(0), Lt(1)]
"""A decay factor in [0, 1)."""

Normalization = Literal["none", "batch", "spectral"]
"""The normalization of a network's layers."""


def height_and_width(image_size: ImageSize) -> tuple[int, int]:
    """Height and width in pixels of images of this size."""
    if isinstance(image_size, int):
        return image_size, image_size
    height, width = image_size
    return height, width
