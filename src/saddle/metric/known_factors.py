"""What metrics may know of data that is drawn from factors."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class KnownFactors:
    """The factors of the data (`saddle.data.factors`), as a network reads them."""

    read: Callable[[Tensor], Tensor]
    """The probability of each option of each factor, float32 (N, F, K), by features (N, D)."""
    numbers: Callable[[Tensor], Tensor]
    """The number of each code, int64 (N,), by codes (N, F)."""
    training: Tensor
    """The numbers of the training images' codes, int64 (M,)."""
    label: int | None
    """The place, in a code, of the factor that labels name; None without labels."""
