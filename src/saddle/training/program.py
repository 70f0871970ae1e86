"""Some turns of an iteration as one function of tensors, traced from the game."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from saddle.game.turn import Batch, Moment, Played, Turn
from saddle.tracing import tracing
from saddle.training.cse import merged
from saddle.training.functional_adam import NUMBERS, numbers_of, rule_of, state_of

if TYPE_CHECKING:
    from saddle.training.module import GameModule

Draw = tuple[str, str, tuple[int, ...]]
"""Kind, purpose and shape of noise."""


class Stage(nn.Module):
    """All networks and states of a module under one roof, so that a turn can be played with tensors in their place."""

    def __init__(self, module: "GameModule") -> None:
        super().__init__()
        self.networks, self.state = nn.ModuleDict(module.networks), module.state

    def forward(self, turn: Turn, batch: Batch, moment: Moment) -> Played:
        return turn.loss(dict(self.networks.items()), batch, moment)


class Program:
    """`turns`, their steps and the averages of what they train, on the tensors of `module` in place.

    `done` counts the steps of each turn's optimizer, for all programs that play it.
    """

    def __init__(self, module: "GameModule", turns: list[Turn], done: dict[str, int]) -> None:
        self.module, self.turns, self.done = module, turns, done
        self.stage = Stage(module)
        self.optimizers = {turn.name: module.wrapped[turn.name].optimizer for turn in turns}
        self.rules = {name: rule_of(optimizer) for name, optimizer in self.optimizers.items()}
        self.trained = {
            turn.name: [
                f"networks.{name}.{key}" for name in turn.trains for key, _ in module.networks[name].named_parameters()
            ]
            for turn in turns
        }
        self.averaged = [name for turn in turns for name in turn.trains if self._is_averaged_here(name, turn)]
        self.draws: list[Draw] = []
        self.scheduled: list[Callable[[int], float]] = []
        self.names: list[tuple[str, str, str]] = []
        self.call: Callable[..., list[Tensor]] | None = None
        self._collect()

    def _is_averaged_here(self, name: str, turn: Turn) -> bool:
        module = self.module
        alone = sum(name in other.trains for other in module.turns) == 1
        return module.ema is not None and name in module.game.averaged and alone and not turn.constraints

    def _collect(self) -> None:
        """The tensors that the graph reads and changes, detached: they share memory with what they are of."""
        parameters = dict(self.stage.named_parameters())
        self.weights = {name: value.detach() for name, value in parameters.items()}
        self.buffers = dict(self.stage.named_buffers())
        self.firsts: dict[str, Tensor] = {}
        self.seconds: dict[str, Tensor] = {}
        self.steps: dict[str, list[Tensor]] = {}
        for turn, names in self.trained.items():
            states = [state_of(self.optimizers[turn], parameters[name]) for name in names]
            self.firsts |= {f"{turn} {name}": state["exp_avg"] for name, state in zip(names, states, strict=True)}
            self.seconds |= {f"{turn} {name}": state["exp_avg_sq"] for name, state in zip(names, states, strict=True)}
            self.steps[turn] = [state["step"] for state in states]
            self.done.setdefault(turn, int(states[0]["step"]))
            self.optimizers[turn].register_state_dict_pre_hook(lambda _, turn=turn: self._write_steps(turn))
        self.averages = {}
        for name in self.averaged:
            average = self.module.ema.networks[name]
            kept = {**dict(average.named_parameters()), **dict(average.named_buffers())}
            self.averages |= {f"networks.{name}.{key}": value.detach() for key, value in kept.items()}

    def _write_steps(self, turn: str) -> None:
        """Tell the optimizer of a turn how many steps it has made, before it is asked: its tensors are not counted up
        in each iteration.
        """
        for step in self.steps[turn]:
            step.fill_(self.done[turn])

    # the graph

    def traced(self, batch: Batch) -> GraphModule:
        """The graph of a batch like this one; nothing is changed."""
        with torch.enable_grad(), tracing():
            copies = {name: value.clone() for name, value in {**self.weights, **self.buffers}.items()}
            asked = _Asked(self.module, self.draws, self.scheduled)
            for turn in self.turns:
                leaves = {name: copies[name].requires_grad_() for name in self.trained[turn.name]}
                functional_call(self.stage, {**copies, **leaves}, (turn, batch, asked.moment()))
                copies |= {name: value.detach() for name, value in leaves.items()}
        self.draws, self.scheduled = asked.draws, asked.scheduled
        with torch.no_grad(), tracing():
            inputs = (self._tensors(torch.clone), dict(batch), self._noise(), self._numbers(advance=False))
            return merged(make_fx(lambda tensors, *rest: self._play(tensors, *rest))(*inputs))

    def _tensors(self, of: Callable[[Tensor], Tensor] = lambda tensor: tensor) -> dict[str, dict[str, Tensor]]:
        names = ("weights", "buffers", "averages", "firsts", "seconds")
        return {group: {name: of(value) for name, value in getattr(self, group).items()} for group in names}

    def _play(
        self, tensors: Mapping[str, Mapping[str, Tensor]], batch: Batch, noise: list[Tensor], numbers: Tensor
    ) -> list[Tensor]:
        weights, buffers, results = dict(tensors["weights"]), tensors["buffers"], []
        written: list[tuple[Tensor, Tensor]] = []  # at the end, so that equal operations in two turns can be merged
        self.names = []
        rates, rest = numbers[: NUMBERS * len(self.turns)].split(NUMBERS), numbers[NUMBERS * len(self.turns) :]
        given = _Given(self.module, dict(zip(self.draws, noise, strict=True)), rest[len(self.averaged) :])
        for turn, rate in zip(self.turns, rates, strict=True):
            with torch.enable_grad():
                leaves = {name: weights[name].detach().requires_grad_() for name in self.trained[turn.name]}
                played = functional_call(self.stage, {**weights, **buffers, **leaves}, (turn, batch, given.moment()))
                total = sum(played.terms.values())
                gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
            found = {name: g for name, g in zip(leaves, gradients, strict=True) if g is not None}
            results += self._outcome(turn, played, found)
            for name, gradient in found.items():
                first, second = (tensors[group][f"{turn.name} {name}"] for group in ("firsts", "seconds"))
                new = self.rules[turn.name].step(weights[name], gradient, first, second, rate)
                written += zip((tensors["weights"][name], first, second), new, strict=True)
                weights[name] = new[0]
        for target, value in written:
            target.copy_(value)
        self._average(tensors["averages"], {**weights, **buffers}, rest)
        return results

    def _outcome(self, turn: Turn, played: Played, gradients: dict[str, Tensor]) -> list[Tensor]:
        """What is shown of a turn; gradients are measured, and clipped in place in `gradients`."""
        norms = {}
        for name in turn.trains:
            mine = [g for key, g in gradients.items() if key.startswith(f"networks.{name}.")]
            norms[name] = torch.stack([torch.linalg.vector_norm(g) for g in mine]).norm()  # foreach has no fast kernel
        limit = self.module.clip_norm[turn.name]
        if limit is not None:
            factor = (limit / (torch.stack(list(norms.values())).norm() + 1e-6)).clamp(max=1.0)
            gradients.update({name: gradient * factor for name, gradient in gradients.items()})
        shown = {"terms": played.terms, "observed": played.observed, "norms": norms}
        self.names += [(turn.name, kind, name) for kind, values in shown.items() for name in values]
        return [value.detach() for values in shown.values() for value in values.values()]

    def _average(self, averages: Mapping[str, Tensor], current: Mapping[str, Tensor], weights: Tensor) -> None:
        for number, network in enumerate(self.averaged):
            for name, average in averages.items():
                if name.startswith(f"networks.{network}."):
                    value = current[name].to(average.dtype)
                    changing = average.is_floating_point()
                    average.copy_(average + weights[number] * (value - average) if changing else value)

    # an iteration

    def run(self, batch: Batch) -> set[str]:
        """Play the turns; the names of the networks that they trained and whose averages are still to follow."""
        module = self.module
        numbers = self._numbers(advance=True)
        device = numbers.device.type
        with torch.no_grad(), torch.autocast(device, enabled=False):  # the graph has its casts already
            results = self.call(self._tensors(), dict(batch), self._noise(), numbers)
        found: dict[str, dict[str, dict[str, Tensor]]] = {}
        for (turn, kind, name), value in zip(self.names, results, strict=True):
            found.setdefault(turn, {"terms": {}, "observed": {}, "norms": {}})[kind][name] = value
        for turn, parts in found.items():
            module.played[turn] = Played(parts["terms"], parts["observed"])
            module.gradient_norms.update(parts["norms"])
            if turn == module.counted_turn:
                module.count_step()
        return {name for turn in self.turns for name in turn.trains if name not in self.averaged}

    def _noise(self) -> list[Tensor]:
        like = next(self.module.parameters())
        return [self.module.noise.draw(kind, purpose, shape, 0, like) for kind, purpose, shape in self.draws]

    def _numbers(self, advance: bool) -> Tensor:
        """Rates of each turn, weights of new against averaged networks, factors on schedules: float64."""
        module, values = self.module, []
        for turn in self.turns:
            module.set_rates(turn.name)
            values += numbers_of(self.optimizers[turn.name], self.done[turn.name] + 1)
            if advance:
                self.done[turn.name] += 1
        images = module.clock.images + module.rows
        for name in self.averaged:
            values.append(1 - (module.ema.advance(name, images) if advance else 0.5))
        values += [function(module.clock.images) for function in self.scheduled]
        return torch.tensor(values, dtype=torch.float64).to(module.device, non_blocking=True)


@dataclass
class _Asked:
    """Writes down what turns ask a moment for."""

    module: "GameModule"
    draws: list[Draw]
    scheduled: list[Callable[[int], float]]

    def moment(self) -> Moment:
        clock, like = self.module.clock, next(self.module.parameters())

        def draw(kind: str) -> Callable[[str, tuple[int, ...]], Tensor]:
            def drawn(purpose: str, shape: tuple[int, ...]) -> Tensor:
                asked = (kind, purpose, tuple(shape))
                if asked not in self.draws:
                    self.draws.append(asked)
                return self.module.noise.draw(*asked, 0, like)

            return drawn

        def scheduled(function: Callable[[int], float]) -> float:
            self.scheduled.append(function)
            return function(clock.images)

        return Moment(clock.iteration, clock.images, draw("normal"), draw("uniform"), scheduled=scheduled)


@dataclass
class _Given:
    """Answers what turns ask a moment for by tensors, in the order in which `_Asked` was asked."""

    module: "GameModule"
    noise: dict[Draw, Tensor]
    numbers: Tensor

    def __post_init__(self) -> None:
        self._next = iter(self.numbers.unbind()) if len(self.numbers) else iter(())

    def moment(self) -> Moment:
        def normal(purpose: str, shape: tuple[int, ...]) -> Tensor:
            return self.noise["normal", purpose, tuple(shape)]

        def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
            return self.noise["uniform", purpose, tuple(shape)]

        clock = self.module.clock
        return Moment(clock.iteration, clock.images, normal, uniform, scheduled=lambda function: next(self._next))
