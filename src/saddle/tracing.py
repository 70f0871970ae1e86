"""Whether a graph is being recorded. Code that is recorded must not branch on the values of tensors."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_active: list[bool] = []


@contextmanager
def tracing() -> Iterator[None]:
    """`is_traced` returns True inside this context."""
    _active.append(True)
    try:
        yield
    finally:
        _active.pop()


def is_traced() -> bool:
    """Whether the running code is being recorded for later batches, so that it must not read this batch's values."""
    return bool(_active) or torch.compiler.is_compiling()
