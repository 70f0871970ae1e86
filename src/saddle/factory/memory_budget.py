"""Checks that networks fit into memory, before their weights are written."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from saddle.architecture.base import Network
from saddle.error import InputError
from saddle.memory import too_much

_COPIES = 4  # a weight, its gradient, and Adam's two averages
_BYTES = 4
_LARGE = 2**26  # numbers in one weight: a quarter of a gigabyte


class _Budget(TorchFunctionMode):
    """Counts the numbers that `torch.empty`, which makes the weights of torch's layers, reserves.

    Reserved memory is free until it is written. Large weights are left unwritten, so that counting takes no time.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.numbers = 0
        self.left_unwritten = False

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if function is torch.empty:
            self._reserve(_numbers_in(args, kwargs))
        elif _writes_in_place(function):
            tensor = args[0] if args else kwargs.get("tensor")  # torch.nn.init passes it by name
            if isinstance(tensor, Tensor) and tensor.numel() > _LARGE:
                self.left_unwritten = True
                return tensor
        return function(*args, **kwargs)

    def _reserve(self, numbers: int) -> None:
        self.numbers += numbers
        excess = too_much(_BYTES * _COPIES * self.numbers)
        if excess:
            raise InputError(f"{self.path}: training {self.numbers:,} weights needs {excess}; use smaller sizes")


def _numbers_in(args: Any, kwargs: dict[str, Any]) -> int:
    """How many numbers `torch.empty` reserves: it takes a shape, by position or by name, or the sizes one by one."""
    if not args:
        shape = kwargs["size"]
    elif isinstance(args[0], int):
        shape = args
    else:
        shape = args[0]
    return torch.Size(shape).numel()


def _writes_in_place(function: Callable[..., Any]) -> bool:
    """Whether a function is a method such as `uniform_`."""
    name = getattr(function, "__name__", "")
    return name.endswith("_") and not name.endswith("__")


def build_within_memory(path: str, build: Callable[[], Network]) -> Network:
    """The network that `build` makes; raises InputError, naming the setting `path`, if training it cannot fit.

    Only a network with a large weight is made twice.
    """
    state = torch.get_rng_state()
    budget = _Budget(path)
    with budget:
        network = build()
    if not budget.left_unwritten:
        return network
    del network
    torch.set_rng_state(state)
    return build()
