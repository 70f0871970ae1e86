"""Seeds computed from keys, and orders that do not depend on the seed of a run."""

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def hashed_seed(*key: int | str) -> int:
    """A 63-bit seed from a key of integers and strings, the same on every machine.

    The key is hashed, not packed into bits, because torch's generators on the CPU keep only 32 bits of a seed, and
    packed counters would collide there.
    """
    digest = blake2b("\x1f".join(str(part) for part in key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def fixed_order(size: int, purpose: str) -> "Tensor":
    """A permutation of `size` indices, int64 (size,), the same in every run, whatever its seed.

    `limit` takes the first images of such an order, so that a larger limit includes the images of a smaller one.
    """
    import torch

    return torch.randperm(size, generator=torch.Generator().manual_seed(hashed_seed(purpose, size)))
