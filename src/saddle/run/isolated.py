"""Isolates what a run computes from the settings that a program has made in torch, and these from the run."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def isolated() -> Iterator[None]:
    """Inside, torch computes on the CPU, in float32 by default, without gradients, and with a random state of its own.

    Afterwards the caller's default device, default dtype, mode of gradients and random state are as they were.
    """
    import torch

    dtype = torch.get_default_dtype()
    with torch.device("cpu"), torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
