"""Whether a network fits into memory, seen before it is asked for."""

import saddle.compat  # noqa: F401  isort: skip
import torch

from saddle.error import InputError
from saddle.factory.instantiate import Config, make
from saddle.memory import too_much

_COPIES = 4  # a weight, its gradient, and Adam's two averages, each of four bytes


def check_weights(path: str, node: Config) -> None:
    """Raise InputError if training the network that the checked `node` describes cannot fit into this machine."""
    try:
        with torch.device("meta"):  # shapes alone: no memory, and no random number is drawn
            weights = sum(weight.numel() for weight in make(path, node).parameters())
    except RuntimeError as error:  # one weight alone is more than can be counted
        raise InputError(f"{path}: a network of these sizes fits into no memory; use smaller ones") from error
    if excess := too_much(4 * _COPIES * weights):
        raise InputError(f"{path}: training its {weights:,} weights needs {excess}; use smaller sizes")
