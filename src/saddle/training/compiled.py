"""The fast executor: one compiled graph for all turns of an iteration, their backward passes, steps and averages.

It plays the turns of the reference executor. For each kind of iteration they are traced once, operation by operation,
through autograd (and so through gradient penalties), and the trace is compiled. The graph works on the networks' own
weights and buffers and on the state of torch's own optimizers, so checkpoints do not depend on the executor. What
changes from one iteration to the next enters as tensors: the batch, noise, learning rates, decays, and weights of
penalties on a schedule.
"""

import gc
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.fx import GraphModule

from saddle.error import InputError, first_line
from saddle.game.turn import Batch, Game, Turn
from saddle.training.executor import Player, apply_constraints
from saddle.training.program import Program


class Compiled:
    """Plays the turns of `player` on one device, in 32, 64 or bf16-mixed precision, without accumulation."""

    def __init__(self, player: Player, compiler: Callable[[GraphModule], Callable] | None = None) -> None:
        self.player = player
        self.compiler = compiler or self._compile
        self.period = period(player.game)
        self.programs: dict[tuple[object, ...], Program] = {}
        self._compiled: dict[str, Callable] = {}
        self._steps: dict[str, int] = {}

    def play(self, batch: Batch) -> set[str]:
        """Play every turn that is due; the names of the networks that were trained and are not yet averaged."""
        clock = self.player.clock
        changed: set[str] = set()
        kind = tuple((name, value.shape, value.dtype) for name, value in batch.items())
        due = [turn for turn in self.player.turns if turn.due(clock.iteration)]
        for turns in segments(due):
            key = (*(turn.name for turn in turns), clock.iteration % self.period, kind)
            if key not in self.programs:
                changed |= self._compiled_and_played(key, turns, batch)
            else:
                changed |= self.programs[key].run(batch)
            for turn in turns:
                clock.updates[turn.name] += 1
            self._after(turns[-1])
        return changed

    def _compiled_and_played(self, key: tuple[object, ...], turns: list[Turn], batch: Batch) -> set[str]:
        """Compile the program of this key and play it; the clock counts no seconds of it."""
        with self.player.clock.not_counting(self.player.device):
            self.programs[key] = self._traced(turns, batch)
            changed = self.programs[key].run(batch)
            gc.collect()
            gc.freeze()  # the compiler's half a million objects, which each later collection would walk through
        return changed

    def _compile(self, graph: GraphModule) -> Callable:
        """The graph, compiled by torch's inductor."""
        options: dict[str, str | int | bool | Callable] = {"guard_filter_fn": unguarded}
        if self.player.device.type == "cpu":
            options["cpp_wrapper"] = True  # a single C++ file compiles sooner and runs faster
        return torch.compile(graph, dynamic=False, options=options)

    def before_step(self) -> None:
        """Does nothing, because no optimizer of torch steps."""

    def _after(self, turn: Turn) -> None:
        """Apply the constraints of a turn, and change the game's state."""
        apply_constraints(turn, self.player.networks)
        if turn.after is not None:
            turn.after(self.player.played[turn.name].observed)

    def _traced(self, turns: list[Turn], batch: Batch) -> Program:
        """The compiled program of these turns; raises InputError for a game that cannot be traced."""
        program = Program(self.player, turns, self._steps)
        try:
            graph = program.traced(batch)
        except RuntimeError as error:
            reason = first_line(error)
            raise InputError(
                f"training.executor=compiled cannot trace this game ({reason}): use training.executor=eager"
            ) from error
        text = graph.code + str([constant.tolist() for constant in constants(graph)])
        if text not in self._compiled:  # different kinds of iterations may have the same graph
            self._compiled[text] = self.compiler(graph)
        program.call = self._compiled[text]
        return program


def unguarded(guards: Sequence[object]) -> list[bool]:
    """A filter that keeps none of torch's guards: each kind of batch has its own program, and all else is fixed."""
    return [False] * len(guards)


def segments(turns: list[Turn]) -> list[list[Turn]]:
    """Groups of turns that one graph can play. A group ends after a turn with constraints or changes of state."""
    groups: list[list[Turn]] = [[]]
    for turn in turns:
        groups[-1].append(turn)
        if turn.constraints or turn.after is not None:
            groups.append([])
    return [group for group in groups if group]


def period(game: Game) -> int:
    """The number of iterations after which the game repeats itself; raises InputError for a game without a period."""
    iterations = game.period()
    if iterations is None:
        raise InputError(
            "training.executor=compiled repeats one graph after each period of the game, and "
            f"{type(game).__name__} states no period(): use training.executor=eager"
        )
    return iterations


def constants(graph: GraphModule) -> list[Tensor]:
    """Tensors that were made from numbers during the trace and became part of the graph."""
    return [getattr(graph, str(node.target)) for node in graph.graph.nodes if node.op == "get_attr"]
