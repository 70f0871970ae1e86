"""The next iteration at which something is due: blocks of iterations end there."""

NEVER = 1 << 62
"""An iteration that no run reaches."""


def next_multiple(iteration: int, every: int) -> int:
    """The first multiple of `every` iterations after `iteration`."""
    return (iteration // every + 1) * every


def next_crossing(iteration: int, rows: int, every_images: int | None) -> int:
    """The first iteration after `iteration` by whose end another multiple of `every_images` images is reached.

    Each iteration has `rows` images. `NEVER` if `every_images` is None.
    """
    if every_images is None:
        return NEVER
    images = (iteration * rows // every_images + 1) * every_images
    return -(-images // rows)


def next_round(number: int) -> int:
    """The first number after `number` that is 1, 2 or 5 times a power of ten."""
    power = 10 ** (len(str(number)) - 1)
    return next(first * power for first in (1, 2, 5, 10) if first * power > number)
