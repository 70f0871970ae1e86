"""Whether networks fit into memory, seen before their weights are written."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from saddle.architecture.base import Network
from saddle.error import InputError
from saddle.memory import too_much

_COPIES = 4  # a weight, its gradient, and Adam's two averages
_BYTES = 4
_LARGE = 2**26  # numbers: a quarter of a gigabyte


class _LargeNetworkError(Exception):
    """More than `_LARGE` numbers were reserved."""


class _Counter(TorchFunctionMode):
    """Counts the numbers that `torch.empty`, which makes the weights of torch's layers, reserves."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is torch.empty:
            sizes = args if isinstance(args[0], int) else args[0]
            self.numbers += torch.Size(sizes).numel()
            if self.numbers > _LARGE:
                raise _LargeNetworkError
        return function(*args, **(kwargs or {}))


def build_within_memory(path: str, build: Callable[[], Network]) -> Network:
    """The network that `build` makes; raises InputError, naming the setting `path`, if training it cannot fit.

    Only a large network is made twice, first from shapes alone: loading what torch needs for that takes a second.
    """
    state = torch.get_rng_state()
    counter = _Counter()
    try:
        with counter:
            return build()
    except Exception:  # Hydra wraps a _LargeNetworkError
        if counter.numbers <= _LARGE:
            raise
    torch.set_rng_state(state)
    _check_shapes(path, build)
    return build()


def _check_shapes(path: str, build: Callable[[], Network]) -> None:
    try:
        with torch.device("meta"):  # no memory is taken and no random number is drawn
            weights = sum(weight.numel() for weight in build().parameters())
    except RuntimeError as error:  # one weight alone is more than can be counted
        raise InputError(f"{path}: a network of these sizes fits into no memory; use smaller ones") from error
    excess = too_much(_BYTES * _COPIES * weights)
    if excess:
        raise InputError(f"{path}: training its {weights:,} weights needs {excess}; use smaller sizes")
