"""Seeds from counters."""

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def hashed_seed(*key: int | str) -> int:
    """A 63-bit seed from a key of integers and strings, the same on every machine.

    Hashed, never packed: torch's generators on the CPU keep 32 bits of a seed, where packed counters collide.
    """
    digest = blake2b("\x1f".join(str(part) for part in key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def fixed_order(size: int, purpose: str) -> "Tensor":
    """A permutation of `size` indices, int64 (size,), the same in every run, whatever its seed.

    The images of a small-data study are the first of such an order, so that a larger one includes a smaller one.
    """
    import torch

    return torch.randperm(size, generator=torch.Generator().manual_seed(hashed_seed(purpose, size)))
