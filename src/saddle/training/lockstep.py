"""A run and a branch of it in lockstep: where they first differ, in which term, and by how much."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import Callback, LightningModule, Trainer

from saddle.game.turn import Batch, Turn
from saddle.training.data_module import GameDataModule
from saddle.training.difference import Difference, differences, make_alike, read_averages, read_turn
from saddle.training.eager import Eager
from saddle.training.executor import Player
from saddle.training.module import GameModule
from saddle.training.stepwise import Stepwise

Pause = Callable[[str], None]

_ITERATION = ""
"""The point after an iteration; the others are the names of turns."""


@dataclass(frozen=True)
class Training:
    """The arguments of `trainer.fit`. The trainer has no callbacks, and the data module delivers single batches."""

    module: GameModule
    data_module: GameDataModule
    trainer: Trainer
    checkpoint: Path
    """What it goes on from."""

    def played(self, after_turns: bool) -> Stepwise:
        """The training, step by step: it stops after each iteration and, if asked for, after each of its turns."""

        def fit(pause: Pause) -> None:
            if after_turns:
                self.module.make_executor = partial(_PausingEager, pause=pause)
            self.trainer.callbacks.append(_PauseAfterIteration(pause))  # type: ignore[attr-defined]  # Lightning sets it outside of the class
            self.trainer.fit(self.module, datamodule=self.data_module, ckpt_path=self.checkpoint, weights_only=True)

        return Stepwise(fit)

    def due(self, iteration: int) -> list[str]:
        """The names of the turns that are played in an iteration, counted from 0."""
        return [turn.name for turn in self.module.turns if turn.due(iteration)]


def first_differences(
    run: Training, branch: Training, progress: Callable[[int], None]
) -> tuple[int | None, list[Difference]]:
    """The first iteration, counted from 1, after which `branch` is not the run to the bit, and in what it differs.

    Both go on from the same moment. Once a turn differs, the branch is given the run's weights and state before its
    next turn, so that the differences of each turn of that iteration are those that the change itself makes. Where an
    executor plays several turns as one graph, only those of the first turn are given. `progress` receives the number of
    each iteration that was compared. (None, []) if both end without a difference.
    """
    lockstep = _Lockstep(run, branch)
    while True:
        found = lockstep.played_iteration()
        if found is None:
            return None, []
        progress(run.module.clock.iteration)
        if found:
            lockstep.end()
            return run.module.clock.iteration, found


class _Lockstep:
    """Plays a run and its branch by turns, and compares them while both stand still."""

    def __init__(self, run: Training, branch: Training) -> None:
        self.run, self.branch = run, branch
        self.after_turns = all(training.module.make_executor is Eager for training in (run, branch))
        self.players = run.played(self.after_turns), branch.played(self.after_turns)

    def played_iteration(self) -> list[Difference] | None:
        """What differs after the next iteration; None after the last one."""
        found: list[Difference] = []
        points = self._advanced()
        while points[0] == points[1] and points[0] not in (_ITERATION, None):
            turn = next(turn for turn in self.run.module.turns if turn.name == points[0])
            found += _not_yet(found, self._compared_turn(turn, as_norms=False))
            if found:
                make_alike(self.run.module, self.branch.module)
            points = self._advanced()
        if None in points:
            return None
        iteration = min(training.module.clock.iteration for training in (self.run, self.branch))
        if points[0] != points[1]:
            self._finish_iteration(points)
            return found + self._turns_of_one(iteration)
        return found + self._compared_iteration(iteration - 1)

    def end(self) -> None:
        """End both trainings."""
        for training, player in zip((self.run, self.branch), self.players, strict=True):
            training.trainer.should_stop = True
            player.advance()

    def _advanced(self) -> list[str | None]:
        return [player.advance() for player in self.players]

    def _finish_iteration(self, points: list[str | None]) -> None:
        for point, player in zip(points, self.players, strict=True):
            while point != _ITERATION:
                point = player.advance()

    def _turns_of_one(self, iteration: int) -> list[Difference]:
        """The turns that only one of both plays in this iteration, counted from 0."""
        run, branch = self.run.due(iteration), self.branch.due(iteration)
        of_run = [Difference(name, "turn", name, 1.0, None, None) for name in run if name not in branch]
        return of_run + [Difference(name, "turn", name, None, 1.0, None) for name in branch if name not in run]

    def _compared_iteration(self, iteration: int) -> list[Difference]:
        """What differs in averages and, if turns were not compared one by one, in the first turn that differs."""
        found = [] if self.after_turns else self._turns_of_one(iteration)
        for turn in self.run.module.turns:
            if not self.after_turns and turn.due(iteration) and not found:
                found = self._compared_turn(turn, as_norms=True)
        return found or differences(None, read_averages(self.run.module), read_averages(self.branch.module))

    def _compared_turn(self, turn: Turn, as_norms: bool) -> list[Difference]:
        run, branch = (read_turn(training.module, turn, as_norms) for training in (self.run, self.branch))
        return differences(turn.name, run, branch)


def _not_yet(before: list[Difference], found: list[Difference]) -> list[Difference]:
    """The differences `found` without buffers and state that an earlier turn of the iteration has already."""
    lacking = {(difference.kind, difference.name) for difference in before if difference.kind in ("buffer", "state")}
    return [difference for difference in found if (difference.kind, difference.name) not in lacking]


class _PausingEager(Eager):
    """The reference executor, which stops after each turn."""

    def __init__(self, player: Player, pause: Pause) -> None:
        super().__init__(player)
        self.pause = pause

    def play_turn(self, turn: Turn, batch: Batch) -> bool:
        stepped = super().play_turn(turn, batch)
        self.pause(turn.name)
        return stepped


class _PauseAfterIteration(Callback):
    """Stops after each iteration."""

    def __init__(self, pause: Pause) -> None:
        self.pause = pause

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: Any) -> None:
        self.pause(_ITERATION)
