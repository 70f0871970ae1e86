"""Seeds from counters."""

from hashlib import blake2b


def hashed_seed(*key: int | str) -> int:
    """A 63-bit seed from a key of integers and strings, the same on every machine.

    Hashed, never packed: torch's generators on the CPU keep 32 bits of a seed, where packed counters collide.
    """
    digest = blake2b("\x1f".join(str(part) for part in key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
