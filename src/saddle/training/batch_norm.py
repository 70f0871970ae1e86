"""Batch statistics of an averaged network."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@torch.no_grad()
def recompute_batch_statistics(network: nn.Module, inputs: Iterable[tuple[Tensor, ...]]) -> None:
    """Replace the running statistics of each batch norm in `network` by means over `inputs`, the arguments of calls.

    Averaged weights fit neither the averaged nor the copied statistics of the trained network. Without batch norm it
    does nothing and reads no input.
    """
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # None: a cumulative mean
        norm.train()
    for arguments in inputs:
        network(*arguments)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()
