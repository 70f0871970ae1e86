"""A program: some turns of an iteration as one function of tensors, traced from the game."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from saddle.game.turn import Batch, Moment, Played, Turn
from saddle.tracing import tracing
from saddle.training.cse import merged
from saddle.training.executor import Player, total_loss, trained_parameters
from saddle.training.functional_adam import NUMBERS, AdamRule, numbers_of, rule_of, state_of
from saddle.training.recorded_moment import Draw, MomentRecorder, MomentReplay

_GROUPS = ("weights", "buffers", "averages", "firsts", "seconds")
"""The attributes of a program that hold the tensors which the graph reads and changes."""


class Stage(nn.Module):
    """All networks and states of a player in one module, so that a turn can be played with substituted tensors."""

    def __init__(self, player: Player) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(player.networks)
        self.state = player.state

    def forward(self, turn: Turn, batch: Batch, moment: Moment) -> Played:
        """Terms and observations of `turn`."""
        return turn.loss(dict(self.networks.items()), batch, moment)


class Program:
    """Plays `turns` with their optimizer steps and averages, in place on the tensors of `player`.

    Weights and buffers are by their names in the stage; optimizer states by turn and weight, as "generator NAME".
    `done` counts the steps of each turn's optimizer, over all programs that play the turn.
    """

    def __init__(self, player: Player, turns: list[Turn], done: dict[str, int]) -> None:
        self.player = player
        self.turns = turns
        self.done = done
        self.stage = Stage(player)
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.rules: dict[str, AdamRule] = {}
        self.trained: dict[str, list[str]] = {}
        self.averaged: list[str] = []
        """The networks whose averages this program updates."""
        for turn in turns:
            optimizer = player.wrapped[turn.name].optimizer
            self.optimizers[turn.name] = optimizer
            self.rules[turn.name] = rule_of(optimizer)
            self.trained[turn.name] = self._parameter_names(turn)
            self.averaged += [name for name in turn.trains if self._is_averaged_here(name, turn)]
        self.draws: list[Draw] = []
        self.scheduled: list[Callable[[int], float]] = []
        self.names: list[tuple[str, str, str]] = []
        """Turn, kind ("terms", "observed" or "norms") and name of each result of the graph."""
        self.call: Callable[..., list[Tensor]] = _not_traced
        """The compiled graph."""
        self._collect_weights()
        self._collect_optimizer_states()
        self._collect_averages()

    def _parameter_names(self, turn: Turn) -> list[str]:
        """The parameters that a turn trains, by their names in the stage."""
        names: list[str] = []
        for network in turn.trains:
            names += [f"networks.{network}.{name}" for name in trained_parameters(self.player.networks[network])]
        return names

    def _is_averaged_here(self, name: str, turn: Turn) -> bool:
        """Whether the average of network `name` can be part of the graph.

        It cannot if another turn trains the network, too, or if a constraint changes the weights after the graph.
        """
        player = self.player
        if player.ema is None or name not in player.game.averaged or turn.constraints:
            return False
        turns = [other for other in player.turns if name in other.trains]
        return len(turns) == 1

    # the tensors, detached: they share memory with the networks, the optimizers and the averages

    def _collect_weights(self) -> None:
        self.weights = {name: value.detach() for name, value in self.stage.named_parameters()}
        self.buffers = dict(self.stage.named_buffers())

    def _collect_optimizer_states(self) -> None:
        parameters = dict(self.stage.named_parameters())
        self.firsts: dict[str, Tensor] = {}
        self.seconds: dict[str, Tensor] = {}
        self.steps: dict[str, list[Tensor]] = {}
        for turn, names in self.trained.items():
            optimizer = self.optimizers[turn]
            self.steps[turn] = []
            for name in names:
                state = state_of(optimizer, parameters[name])
                self.firsts[f"{turn} {name}"] = state["exp_avg"]
                self.seconds[f"{turn} {name}"] = state["exp_avg_sq"]
                self.steps[turn].append(state["step"])
            self.done.setdefault(turn, int(self.steps[turn][0]))
            optimizer.register_state_dict_pre_hook(partial(self._write_steps, turn))

    def _write_steps(self, turn: str, optimizer: torch.optim.Optimizer) -> None:
        """Write the number of steps into the optimizer's state before it is saved, because `run` does not."""
        for step in self.steps[turn]:
            step.fill_(self.done[turn])

    def _collect_averages(self) -> None:
        self.averages: dict[str, Tensor] = {}
        if self.player.ema is None:
            return
        for name in self.averaged:
            average = self.player.ema.networks[name]
            for key, value in (*average.named_parameters(), *average.named_buffers()):
                self.averages[f"networks.{name}.{key}"] = value.detach()

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        """The tensors that the graph reads and changes, by group and name."""
        return {group: dict(getattr(self, group)) for group in _GROUPS}

    def _copies(self) -> dict[str, dict[str, Tensor]]:
        """Copies of the same tensors, for the trace."""
        return {group: _cloned(tensors) for group, tensors in self._tensors().items()}

    # the graph

    def traced(self, batch: Batch) -> GraphModule:
        """The graph for batches of this kind; no tensor of the player is changed."""
        self._record_requests(batch)
        with torch.no_grad(), tracing():
            inputs = (self._copies(), dict(batch), self._noise(), self._numbers(advance=False))
            return merged(make_fx(lambda *arguments: self._play(*arguments))(*inputs))

    def _record_requests(self, batch: Batch) -> None:
        """Play the turns on copies, and record the noise and the scheduled values that they request."""
        recorder = MomentRecorder(self.player, self.draws, self.scheduled)
        with torch.enable_grad(), tracing():
            copies = _cloned({**self.weights, **self.buffers})
            for turn in self.turns:
                leaves = {name: copies[name].requires_grad_() for name in self.trained[turn.name]}
                functional_call(self.stage, {**copies, **leaves}, (turn, batch, recorder.moment()))
                copies |= {name: value.detach() for name, value in leaves.items()}

    def _play(
        self, tensors: Mapping[str, Mapping[str, Tensor]], batch: Batch, noise: list[Tensor], numbers: Tensor
    ) -> list[Tensor]:
        """What is traced: all turns in order. `numbers` are those of `_numbers`."""
        weights, buffers = dict(tensors["weights"]), tensors["buffers"]
        count = NUMBERS * len(self.turns)
        rates, rest = numbers[:count].split(NUMBERS), numbers[count:]
        replay = MomentReplay(self.player, dict(zip(self.draws, noise, strict=True)), rest[len(self.averaged) :])
        results: list[Tensor] = []
        updates: list[tuple[Tensor, Tensor]] = []  # written at the end, so that two turns' equal operations can merge
        self.names = []
        for turn, rate in zip(self.turns, rates, strict=True):
            with torch.enable_grad():
                leaves = {name: weights[name].detach().requires_grad_() for name in self.trained[turn.name]}
                played = functional_call(self.stage, {**weights, **buffers, **leaves}, (turn, batch, replay.moment()))
                gradients = _gradients(played, leaves)
            results += self._outcome(turn, played, gradients)
            for name, gradient in gradients.items():
                key = f"{turn.name} {name}"
                first, second = tensors["firsts"][key], tensors["seconds"][key]
                new = self.rules[turn.name].step(weights[name], gradient, first, second, rate)
                updates += zip((tensors["weights"][name], first, second), new, strict=True)
                weights[name] = new[0]
        for target, value in updates:
            target.copy_(value)
        self._average(tensors["averages"], {**weights, **buffers}, rest)
        return results

    def _outcome(self, turn: Turn, played: Played, gradients: dict[str, Tensor]) -> list[Tensor]:
        """The observable results of a turn; measures the norms of `gradients`, and clips the gradients in the dict."""
        norms = {network: _norm(f"networks.{network}.", gradients) for network in turn.trains}
        limit = self.player.clip_norm[turn.name]
        if limit is not None:
            factor = (limit / (torch.stack(list(norms.values())).norm() + 1e-6)).clamp(max=1.0)
            for name, gradient in gradients.items():
                gradients[name] = gradient * factor
        results: list[Tensor] = []
        for kind, values in (("terms", played.terms), ("observed", played.observed), ("norms", norms)):
            for name, value in values.items():
                self.names.append((turn.name, kind, name))
                results.append(value.detach())
        return results

    def _average(self, averages: Mapping[str, Tensor], current: Mapping[str, Tensor], weights: Tensor) -> None:
        """Move each average toward the current weights, by the network's entry in `weights`."""
        for number, network in enumerate(self.averaged):
            for name, average in averages.items():
                if name.startswith(f"networks.{network}."):
                    value = current[name].to(average.dtype)
                    if average.is_floating_point():
                        value = average + weights[number] * (value - average)
                    average.copy_(value)

    # an iteration

    def run(self, batch: Batch) -> set[str]:
        """Play the turns; returns the names of the networks that were trained and are not yet averaged."""
        numbers = self._numbers(advance=True)
        with torch.no_grad(), torch.autocast(numbers.device.type, enabled=False):  # the graph contains its casts
            results = self.call(self._tensors(), dict(batch), self._noise(), numbers)
        self._hand_over(results)
        trained: set[str] = set()
        for turn in self.turns:
            trained.update(turn.trains)
        return trained.difference(self.averaged)

    def _hand_over(self, results: list[Tensor]) -> None:
        """Hand the results of the graph to the player, and count the iteration."""
        player = self.player
        by_turn: dict[str, dict[str, dict[str, Tensor]]] = {}
        for (turn, kind, name), value in zip(self.names, results, strict=True):
            by_turn.setdefault(turn, {"terms": {}, "observed": {}, "norms": {}})[kind][name] = value
        for turn, values in by_turn.items():
            player.played[turn] = Played(values["terms"], values["observed"])
            player.gradient_norms.update(values["norms"])
            if turn == player.counted_turn:
                player.count_step()

    def _noise(self) -> list[Tensor]:
        """The noise of the current iteration, in the order of `draws`."""
        like = next(self.player.parameters())
        return [self.player.noise.draw(kind, purpose, shape, 0, like) for kind, purpose, shape in self.draws]

    def _numbers(self, advance: bool) -> Tensor:
        """The numbers that change between iterations, a float64 vector.

        They are the rates of each turn's optimizer, the weight of each network in its average, and the values of
        schedules. `advance` counts a step of each optimizer and average.
        """
        player = self.player
        values: list[float] = []
        for turn in self.turns:
            player.set_rates(turn.name)
            values += numbers_of(self.optimizers[turn.name], self.done[turn.name] + 1)
            if advance:
                self.done[turn.name] += 1
        if player.ema is not None:
            images = player.clock.images + player.rows
            for name in self.averaged:
                values.append(1 - (player.ema.advance(name, images) if advance else 0.5))
        values += [function(player.clock.images) for function in self.scheduled]
        return torch.tensor(values, dtype=torch.float64).to(player.device, non_blocking=True)


def _not_traced(*_: object) -> list[Tensor]:
    """The graph of a program that was not traced yet."""
    raise RuntimeError("a program is traced before it runs")


def _cloned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies of tensors, by name."""
    return {name: value.clone() for name, value in tensors.items()}


def _norm(prefix: str, gradients: Mapping[str, Tensor]) -> Tensor:
    """The norm, a scalar, of all gradients whose names begin with `prefix`."""
    norms: list[Tensor] = []
    for name, gradient in gradients.items():
        if name.startswith(prefix):
            norms.append(torch.linalg.vector_norm(gradient))  # foreach has no fast kernel
    return torch.stack(norms).norm()


def _gradients(played: Played, leaves: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradients of the turn's loss, by the names of those `leaves` on which it depends."""
    values = torch.autograd.grad(total_loss(played), list(leaves.values()), allow_unused=True)
    gradients: dict[str, Tensor] = {}
    for name, gradient in zip(leaves, values, strict=True):
        if gradient is not None:
            gradients[name] = gradient
    return gradients
