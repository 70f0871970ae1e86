"""Checks for NaN and infinity, at the cost of one wait for the device."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from saddle.training.module import GameModule

Losses = list[tuple[int, dict[str, dict[str, Tensor]]]]
"""For some iterations, each turn's loss terms."""


def all_finite(module: GameModule, losses: Losses) -> bool:
    """Whether every loss, weight, buffer and number of an optimizer's state is finite.

    Tensors are judged by their sums: a number that is not finite makes its sum so.
    """
    values = [value for _, _, _, value in _terms(losses)]
    values += [tensor.detach().sum() for tensor in _state(module)]
    return bool(torch.stack(values).isfinite().all()) if values else True


def _state(module: GameModule) -> Iterator[Tensor]:
    """Parameters, buffers and the states of the optimizers, as far as they are floating-point numbers."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            yield tensor
    for optimizer in getattr(module, "wrapped", {}).values():
        for state in optimizer.state.values():
            for value in state.values():
                if isinstance(value, Tensor) and value.is_floating_point() and value.ndim:
                    yield value


def _terms(losses: Losses) -> Iterator[tuple[int, str, str, Tensor]]:
    """Each loss term with its iteration, turn and name."""
    for iteration, turns in losses:
        for turn, terms in turns.items():
            for term, value in terms.items():
                yield iteration, turn, term, value


def where_not_finite(module: GameModule, losses: Losses) -> str:
    """A sentence with the first loss that is not finite, its iteration, and the networks whose weights are not."""
    parts = []
    loss = _first_loss(losses)
    if loss is not None:
        parts.append(loss)
    iteration = module.clock.iteration
    broken = [name for name, network in module.networks.items() if not _is_finite(network)]
    if broken:
        parts.append(f"the weights of {' and '.join(broken)} are not finite at iteration {iteration}")
    if not parts:
        parts.append(f"an optimizer's state or an averaged network is not finite at iteration {iteration}")
    return ", ".join(parts)


def _is_finite(network: nn.Module) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in (*network.parameters(), *network.buffers()))


def _first_loss(losses: Losses) -> str | None:
    for iteration, turn, term, value in _terms(losses):
        if not value.isfinite():
            return f"loss/{turn}/{term} is {float(value)} in iteration {iteration}"
    return None
