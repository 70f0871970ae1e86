"""Reading networks without changing them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Networks in evaluation mode; afterwards every module has its own mode again.

    In evaluation mode batch statistics and power iterations do not change, and dropout draws no numbers.
    """
    modes = {module: module.training for network in networks for module in network.modules()}
    for module in modes:
        module.training = False
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
