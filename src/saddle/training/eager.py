"""The reference executor: turns played one after the other by torch's autograd and torch's optimizers."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning.pytorch.strategies import ParallelStrategy
from torch import Tensor

from saddle.game.turn import Batch, Moment, Played, Turn
from saddle.training.executor import Player, apply_constraints, total_loss, trained_parameters
from saddle.training.forward_cache import ForwardCache


class Eager:
    """Plays the turns of `player`, on any device, in any precision, on any number of ranks."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.trained = {turn.name: self._parameters(turn) for turn in player.turns}
        self.forward_cache = ForwardCache(player.networks.values())

    def _parameters(self, turn: Turn) -> dict[str, list[torch.nn.Parameter]]:
        """The parameters that a turn trains, by network."""
        return {name: list(trained_parameters(self.player.networks[name]).values()) for name in turn.trains}

    def play(self, batch: Batch) -> set[str]:
        """Play every turn that is due; the names of the networks whose weights changed."""
        player, cache = self.player, self.forward_cache
        changed: set[str] = set()
        cache.start()
        due = [turn for turn in player.turns if turn.due(player.clock.iteration)]
        for position, turn in enumerate(due):
            cache.expect(self._trained_by(due[position:]))
            if self.play_turn(turn, batch):
                player.clock.updates[turn.name] += 1
                changed.update(turn.trains)
            cache.forget(self._trained_by([turn]))
        return changed

    def _trained_by(self, turns: list[Turn]) -> set[torch.nn.Module]:
        """The networks that any of these turns trains."""
        networks: set[torch.nn.Module] = set()
        for turn in turns:
            for name in turn.trains:
                networks.add(self.player.networks[name])
        return networks

    def play_turn(self, turn: Turn, batch: Batch) -> bool:
        """One turn: losses and gradients over the accumulated parts, then the step; returns whether weights changed."""
        player = self.player
        optimizer = player.wrapped[turn.name]
        player.set_rates(turn.name)
        self.playing, self.stepped = turn, True
        with player.toggled_optimizer(optimizer):
            optimizer.zero_grad()
            player.played[turn.name] = self.backward_parts(turn, batch)
            self.step(turn)
        apply_constraints(turn, player.networks)
        if turn.after is not None and self.stepped:
            observed: dict[str, Tensor] = {}
            for name, rows in player.played[turn.name].observed.items():
                observed[name] = player.gather(rows)
            turn.after(observed)
        return self.stepped

    def backward_parts(self, turn: Turn, batch: Batch) -> Played:
        """Gradients of the turn's loss, averaged over the accumulated parts; ranks are synchronized in the last one."""
        player = self.player
        parts: list[Played] = []
        size = len(batch["image"]) // player.accumulate
        for part in range(player.accumulate):
            rows = {name: value[part * size : (part + 1) * size] for name, value in batch.items()}
            is_last = part == player.accumulate - 1
            with nullcontext() if is_last else self.unsynchronized():
                played = turn.loss(player.networks, rows, self.moment(part))
                player.manual_backward(total_loss(played) / player.accumulate)
            parts.append(played)
        return _joined(parts)

    def moment(self, part: int) -> Moment:
        """The player's moment, with the forward cache unless gradients are accumulated.

        Over several parts the cache would hold the graphs of all of them.
        """
        moment = self.player.moment(part)
        if self.player.accumulate > 1:
            return moment
        return replace(moment, cached=self.forward_cache)

    def step(self, turn: Turn) -> None:
        """The optimizer's step, through Lightning's wrapper for one turn only.

        `trainer.global_step` counts wrapped steps; with exactly one in each iteration it counts iterations. The other
        turns go through the strategy, which keeps the precision plugin and the hooks.
        """
        optimizer = self.player.wrapped[turn.name]
        if turn.name == self.player.counted_turn:
            optimizer.step()
        else:
            self.player.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def before_step(self) -> None:
        """Measure and clip the gradients of the turn in play; a gradient scaler has already unscaled them."""
        player = self.player
        limit = player.clip_norm[self.playing.name]
        scaler = getattr(player.trainer.precision_plugin, "scaler", None)
        if limit is None and scaler is None and not player.is_observed(self.playing):
            return
        norms: list[Tensor] = []
        for name, parameters in self.trained[self.playing.name].items():
            gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
            norm = torch.nn.utils.get_total_norm(gradients)
            player.gradient_norms[name] = norm
            norms.append(norm)
        total = torch.stack(norms).norm()
        if scaler is not None:
            self.stepped = bool(total.isfinite())
        if limit is not None:
            every = list(chain.from_iterable(self.trained[self.playing.name].values()))
            torch.nn.utils.clip_grads_with_norm_(every, limit, total)

    def unsynchronized(self) -> AbstractContextManager[None]:
        """Inside, backward passes leave gradients local to the rank."""
        strategy = self.player.trainer.strategy
        return strategy.block_backward_sync() if isinstance(strategy, ParallelStrategy) else nullcontext()


def _joined(parts: list[Played]) -> Played:
    """The mean of each term, detached, and all rows of each observation."""
    first = parts[0]
    terms: dict[str, Tensor] = {}
    if len(parts) == 1:
        for name, term in first.terms.items():
            terms[name] = term.detach()
        return Played(terms, first.observed)
    for name in first.terms:
        terms[name] = torch.stack([part.terms[name].detach() for part in parts]).mean()
    observed: dict[str, Tensor] = {}
    for name in first.observed:
        observed[name] = torch.cat([part.observed[name] for part in parts])
    return Played(terms, observed)
