"""Whether operations are being written down for a graph, where code must not branch on values of tensors."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_on: list[bool] = []


@contextmanager
def tracing() -> Iterator[None]:
    """Inside, `is_traced` says so."""
    _on.append(True)
    try:
        yield
    finally:
        _on.pop()


def is_traced() -> bool:
    """Whether code runs once for many batches to come: it may not look at the values of this one."""
    return bool(_on) or torch.compiler.is_compiling()
