"""Looking for numbers that are no numbers, at the cost of one wait for the device."""

from collections.abc import Iterable

import torch
from torch import Tensor

from saddle.training.module import GameModule

Losses = list[tuple[int, dict[str, dict[str, Tensor]]]]
"""For some iterations, each turn's loss terms."""


def all_finite(module: GameModule, losses: Losses) -> bool:
    """Whether every loss, weight, buffer and number of an optimizer's state is finite.

    Sums are looked at instead of numbers: one that is not finite makes its sum so.
    """
    values = [value for _, turns in losses for terms in turns.values() for value in terms.values()]
    values += [tensor.detach().sum() for tensor in _kept(module)]
    return bool(torch.stack(values).isfinite().all()) if values else True


def _kept(module: GameModule) -> Iterable[Tensor]:
    yield from (tensor for tensor in (*module.parameters(), *module.buffers()) if tensor.is_floating_point())
    for optimizer in getattr(module, "wrapped", {}).values():
        for state in optimizer.state.values():
            yield from (v for v in state.values() if isinstance(v, Tensor) and v.is_floating_point() and v.ndim)


def what_is_not(module: GameModule, losses: Losses) -> str:
    """In words: the first loss that is not finite and its iteration, and whose weights are not."""
    found = [_first(losses)] if _first(losses) else []
    broken = [
        name
        for name, network in module.networks.items()
        if not all(p.isfinite().all() for p in (*network.parameters(), *network.buffers()))
    ]
    if broken:
        found.append(f"the weights of {' and '.join(broken)} are not finite at iteration {module.clock.iteration}")
    if not found:
        found.append(f"an optimizer's state or an averaged network is not finite at iteration {module.clock.iteration}")
    return ", ".join(found)


def _first(losses: Losses) -> str | None:
    for iteration, turns in losses:
        for turn, terms in turns.items():
            for term, value in terms.items():
                if not value.isfinite():
                    return f"loss/{turn}/{term} is {float(value)} in iteration {iteration}"
    return None
