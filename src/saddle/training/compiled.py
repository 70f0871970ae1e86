"""The fast executor: one compiled graph for all turns of an iteration, their backward passes, steps and averages.

The turns are those of the reference executor. Once for every kind of iteration they are traced operation by operation,
through autograd and so through gradient penalties, and what was traced is compiled. The graph works on the networks'
own weights and buffers and on the state of torch's own optimizers, so that checkpoints do not depend on the executor.
What changes from one iteration to the next comes in as tensors: the batch, noise, learning rates, decays, weights of
penalties on a schedule.
"""

import gc
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.fx import GraphModule

from saddle.error import InputError
from saddle.game.turn import Batch, Game, Turn
from saddle.training.program import Program

if TYPE_CHECKING:
    from saddle.training.module import GameModule


class Compiled:
    """Plays the turns of `module` on one device, in 32, 64 or bf16-mixed precision, without accumulation."""

    def __init__(self, module: "GameModule", compiler: Callable[[GraphModule], Callable] | None = None) -> None:
        self.module = module
        self.compiler = compiler or self._compile
        self.period = period(module.game)
        self.programs: dict[tuple[object, ...], Program] = {}
        self._compiled: dict[str, Callable] = {}
        self._steps: dict[str, int] = {}

    def play(self, batch: Batch) -> set[str]:
        """Play every turn that is due; the names of the networks whose weights changed and are not yet averaged."""
        clock, changed = self.module.clock, set()
        kind = tuple((name, value.shape, value.dtype) for name, value in batch.items())
        for turns in segments([turn for turn in self.module.turns if turn.due(clock.iteration)]):
            key = (*(turn.name for turn in turns), clock.iteration % self.period, kind)
            new = key not in self.programs
            if new:
                self.programs[key] = self._traced(turns, batch)
            changed |= self.programs[key].run(batch)
            if new:
                gc.collect()
                gc.freeze()  # half a million objects of the compiler's, which Python would look through again and again
            for turn in turns:
                clock.updates[turn.name] += 1
            self._after(turns[-1])
        return changed

    def _compile(self, graph: GraphModule) -> Callable:
        options: dict[str, object] = {"guard_filter_fn": unguarded}
        if self.module.device.type == "cpu":
            options["cpp_wrapper"] = True  # one C++ file for all is compiled sooner, and runs faster
        return torch.compile(graph, dynamic=False, options=options)

    def before_step(self) -> None:
        """Nothing: no optimizer of torch's steps."""

    def _after(self, turn: Turn) -> None:
        for constraint in turn.constraints:
            for name in turn.trains:
                constraint.apply(self.module.networks[name])
        if turn.after is not None:
            turn.after(self.module.played[turn.name].observed)

    def _traced(self, turns: list[Turn], batch: Batch) -> Program:
        program = Program(self.module, turns, self._steps)
        try:
            graph = program.traced(batch)
        except RuntimeError as error:
            raise InputError(
                f"training.executor=compiled cannot trace this game ({str(error).splitlines()[0]}): use "
                "training.executor=eager"
            ) from error
        text = graph.code + str([constant.tolist() for constant in constants(graph)])
        if text not in self._compiled:  # iterations of different kinds may come to the same
            self._compiled[text] = self.compiler(graph)
        program.call = self._compiled[text]
        return program


def unguarded(guards: Sequence[object]) -> list[bool]:
    """Which of torch's guards to keep: none, for there is a program for each kind of batch, and all else stays."""
    return [False] * len(guards)


def segments(turns: list[Turn]) -> list[list[Turn]]:
    """Turns that one graph can play, each list up to one after which weights are constrained or state changes."""
    found: list[list[Turn]] = [[]]
    for turn in turns:
        found[-1].append(turn)
        if turn.constraints or turn.after is not None:
            found.append([])
    return [part for part in found if part]


def period(game: Game) -> int:
    """After how many iterations the game repeats itself; raises InputError for a game that does not say."""
    iterations = game.period()
    if iterations is None:
        raise InputError(
            "training.executor=compiled repeats one graph after each period of the game, and "
            f"{type(game).__name__} states no period(): use training.executor=eager"
        )
    return iterations


def constants(graph: GraphModule) -> list[Tensor]:
    """Tensors that became part of a graph: made in it, from numbers."""
    return [getattr(graph, node.target) for node in graph.graph.nodes if node.op == "get_attr"]
