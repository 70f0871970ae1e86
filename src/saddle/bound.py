"""Number types with their ranges, for the signatures of everything that the config builds.

`saddle.cli.schema` reads these annotations before anything is built, so that a value out of range is refused by name.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

Count = Annotated[int, Ge(1)]
"""An integer of at least 1."""

Counts = Annotated[Sequence[Count], MinLen(1)]
"""A list of at least one integer, each at least 1."""

Several = Annotated[int, Ge(2)]
"""An integer of at least 2."""

Index = Annotated[int, Ge(0)]
"""An integer of at least 0."""

Byte = Annotated[int, Ge(0), Le(255)]
"""An integer in 0..255, a level of grey."""

Positive = Annotated[float, Gt(0)]
"""A number above 0."""

NonNegative = Annotated[float, Ge(0)]
"""A number of at least 0."""

Fraction = Annotated[float, Ge(0), Le(1)]
"""A number in [0, 1]."""

Beta = Annotated[float, Ge(0), Lt(1)]
"""A decay factor in [0, 1)."""

Normalization = Literal["none", "batch", "spectral"]
"""Which normalization a network uses."""
