"""The reference executor: turns played one after the other by torch's autograd and torch's optimizers."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning.pytorch.strategies import ParallelStrategy
from torch import Tensor

from saddle.game.turn import Batch, Moment, Played, Turn
from saddle.training.forward_cache import ForwardCache

if TYPE_CHECKING:
    from saddle.training.module import GameModule


class Eager:
    """Plays the turns of `module`, on any device, in any precision, on any number of ranks."""

    def __init__(self, module: "GameModule") -> None:
        self.module = module
        self.trained = {
            turn.name: {name: list(module.networks[name].parameters()) for name in turn.trains} for turn in module.turns
        }
        self.once = ForwardCache(module.networks.values())

    def play(self, batch: Batch) -> set[str]:
        """Play every turn that is due; the names of the networks whose weights changed."""
        module, changed = self.module, set()
        self.once.start()
        networks = module.networks
        due = [turn for turn in module.turns if turn.due(module.clock.iteration)]
        for place, turn in enumerate(due):
            self.once.expect({networks[name] for later in due[place:] for name in later.trains})
            if self.play_turn(turn, batch):
                module.clock.updates[turn.name] += 1
                changed.update(turn.trains)
            self.once.forget([networks[name] for name in turn.trains])
        return changed

    def play_turn(self, turn: Turn, batch: Batch) -> bool:
        """One turn: losses and gradients over the accumulated parts, then the step; whether the weights changed."""
        module = self.module
        optimizer = module.wrapped[turn.name]
        module.set_rates(turn.name)
        self.playing, self.stepped = turn, True
        with module.toggled_optimizer(optimizer):
            optimizer.zero_grad()
            module.played[turn.name] = self.backward_parts(turn, batch)
            self.step(turn)
        for constraint in turn.constraints:
            for name in turn.trains:
                constraint.apply(module.networks[name])
        if turn.after is not None and self.stepped:
            turn.after({name: module.gather(rows) for name, rows in module.played[turn.name].observed.items()})
        return self.stepped

    def backward_parts(self, turn: Turn, batch: Batch) -> Played:
        """Gradients of the turn's loss, averaged over the accumulated parts; ranks are synchronized at the last."""
        module, played = self.module, []
        size = len(batch["image"]) // module.accumulate
        for part in range(module.accumulate):
            rows = {name: value[part * size : (part + 1) * size] for name, value in batch.items()}
            with nullcontext() if part == module.accumulate - 1 else self.unsynchronized():
                played.append(turn.loss(module.networks, rows, self.moment(part)))
                module.manual_backward(sum(played[-1].terms.values()) / module.accumulate)
        return _joined(played)

    def moment(self, part: int) -> Moment:
        """The module's, which keeps what two turns both make; of several parts that would be the graphs of all."""
        moment = self.module.moment(part)
        return replace(moment, cached=self.once) if self.module.accumulate == 1 else moment

    def step(self, turn: Turn) -> None:
        """The optimizer's step, through Lightning's wrapper for one turn only.

        `trainer.global_step` counts wrapped steps; with exactly one in each iteration it counts iterations. The other
        turns go through the strategy, which keeps the precision plugin and the hooks.
        """
        optimizer = self.module.wrapped[turn.name]
        if turn.name == self.module.counted_turn:
            optimizer.step()
        else:
            self.module.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def before_step(self) -> None:
        """Measure and clip the gradients of the turn in play; a gradient scaler has already divided them."""
        module = self.module
        limit = module.clip_norm[self.playing.name]
        scaler = getattr(module.trainer.precision_plugin, "scaler", None)
        if limit is None and scaler is None and not module.is_observed(self.playing):
            return
        parameters = self.trained[self.playing.name]
        gradients = {name: [p.grad for p in values if p.grad is not None] for name, values in parameters.items()}
        norms = {name: torch.nn.utils.get_total_norm(values) for name, values in gradients.items()}
        module.gradient_norms.update(norms)
        total = torch.stack(list(norms.values())).norm()
        if scaler is not None:
            self.stepped = bool(total.isfinite())
        if limit is not None:
            every = [p for values in parameters.values() for p in values]
            torch.nn.utils.clip_grads_with_norm_(every, limit, total)

    def unsynchronized(self) -> AbstractContextManager:
        """Backward passes inside leave gradients local to the rank."""
        strategy = self.module.trainer.strategy
        return strategy.block_backward_sync() if isinstance(strategy, ParallelStrategy) else nullcontext()


def _joined(parts: list[Played]) -> Played:
    """The mean of the terms and all rows of what was observed, detached."""
    if len(parts) == 1:
        return Played({name: term.detach() for name, term in parts[0].terms.items()}, parts[0].observed)
    terms: dict[str, Tensor] = {
        name: torch.stack([p.terms[name].detach() for p in parts]).mean() for name in parts[0].terms
    }
    observed = {name: torch.cat([p.observed[name] for p in parts]) for name in parts[0].observed}
    return Played(terms, observed)
