"""The LightningModule: it holds the networks of a game and plays the game's turns by manual optimization."""

import copy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import LightningModule
from lightning.pytorch.strategies import ParallelStrategy
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.bound import Count, Positive
from saddle.game.turn import Batch, Game, Moment, Played, Turn
from saddle.schedule import Schedule
from saddle.training.checkpoint import MARK, set_loop_counters
from saddle.training.clock import Clock
from saddle.training.ema import EMA
from saddle.training.noise import Noise
from saddle.training.sampling import ready


class GameModule(LightningModule):
    """Plays `game` between `networks`: one optimizer, one schedule and one clipping norm per turn.

    `optimizers` maps a turn's name to a function of parameters that makes its optimizer; `schedules` to the factor on
    its learning rate; `beta2_schedules` to the factor on Adam's 1 - beta2, or None; `clip_norm` to the largest gradient
    norm (L2, over all parameters that the turn trains) or None. `rows` is the number of images that one iteration sees
    over all ranks, in `accumulate` parts. `ema` averages the networks that the game names, or is None. `record` (plain
    values) says how all this was made; checkpoints carry it.
    """

    def __init__(
        self,
        game: Game,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Callable[..., Optimizer]],
        schedules: Mapping[str, Schedule],
        clip_norm: Mapping[str, Positive | None],
        rows: Count,
        seed: int,
        accumulate: Count = 1,
        ema: EMA | None = None,
        beta2_schedules: Mapping[str, Schedule | None] | None = None,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.game, self.turns = game, game.turns()
        for name in game.needs:
            self.add_module(name, networks[name])
        self.state = nn.ModuleDict(game.state())
        self.ema = None if ema is None else ema.follow({name: networks[name] for name in game.averaged})
        self.make_optimizer, self.schedules, self.clip_norm = optimizers, schedules, clip_norm
        self.beta2_schedules = {} if beta2_schedules is None else beta2_schedules
        self.rows, self.seed, self.accumulate = rows, seed, accumulate
        self.record = dict(record or {})
        self.clock = Clock()
        self.played: dict[str, Played] = {}
        self.gradient_norms: dict[str, Tensor] = {}
        self.counted_turn = [turn.name for turn in self.turns if turn.every == 1][-1]

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The game's networks by name."""
        return {name: getattr(self, name) for name in self.game.needs}

    def configure_optimizers(self) -> list[Optimizer]:
        made = []
        for turn in self.turns:
            parameters = [p for name in turn.trains for p in self.networks[name].parameters()]
            made.append(self.make_optimizer[turn.name](parameters))
        self.defaults = {turn.name: o.defaults for turn, o in zip(self.turns, made, strict=True)}
        return made

    def on_fit_start(self) -> None:
        self.noise = Noise(self.seed, self.rows, self.accumulate, self.global_rank, self.trainer.world_size)
        found = self.optimizers()  # of a game with one turn it is no list
        wrapped = found if isinstance(found, list) else [found]
        self.wrapped = dict(zip((turn.name for turn in self.turns), wrapped, strict=True))

    # one iteration

    def training_step(self, batch: Batch, batch_index: int) -> None:
        """Play every turn that is due; count the iteration once."""
        self.noise.start(self.clock.iteration)
        self.noise.reseed()
        updated: set[str] = set()
        for turn in self.turns:
            if turn.due(self.clock.iteration) and self.play(turn, batch):
                self.clock.updates[turn.name] += 1
                updated.update(turn.trains)
        self.clock.tick(self.rows)
        if self.ema is not None:
            for name in updated.intersection(self.game.averaged):
                self.ema.update(name, self.networks[name], self.clock.images)

    def play(self, turn: Turn, batch: Batch) -> bool:
        """One turn: losses and gradients over the accumulated parts, then the step; whether the weights changed."""
        optimizer = self.wrapped[turn.name]
        for group in optimizer.param_groups:
            group["lr"] = self.learning_rate(turn.name)
            if self.beta2_schedules.get(turn.name) is not None:
                group["betas"] = self.betas(turn.name)
        self.playing, self.stepped = turn, True
        with self.toggled_optimizer(optimizer):
            optimizer.zero_grad()
            self.played[turn.name] = self.backward_parts(turn, batch)
            self.step(turn)
        for constraint in turn.constraints:
            for name in turn.trains:
                constraint.apply(self.networks[name])
        if turn.after is not None and self.stepped:
            turn.after({name: self.gather(values) for name, values in self.played[turn.name].observed.items()})
        return self.stepped

    def backward_parts(self, turn: Turn, batch: Batch) -> Played:
        """Gradients of the turn's loss, averaged over the accumulated parts; ranks are synchronised at the last."""
        played = []
        size = len(batch["image"]) // self.accumulate
        for part in range(self.accumulate):
            rows = {name: value[part * size : (part + 1) * size] for name, value in batch.items()}
            with nullcontext() if part == self.accumulate - 1 else self.unsynchronised():
                played.append(turn.loss(self.networks, rows, self.moment(part)))
                self.manual_backward(sum(played[-1].terms.values()) / self.accumulate)
        return _joined(played)

    def step(self, turn: Turn) -> None:
        """The optimizer's step, through Lightning's wrapper for one turn only.

        `trainer.global_step` counts wrapped steps; with exactly one in each iteration it counts iterations. The other
        turns go through the strategy, which keeps the precision plugin and the hooks.
        """
        optimizer = self.wrapped[turn.name]
        if turn.name == self.counted_turn:
            optimizer.step()
        else:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Measure and clip the gradients of the turn in play; a gradient scaler has already divided them."""
        limit = self.clip_norm[self.playing.name]
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if limit is None and scaler is None and not self._is_observed(self.playing):
            return
        gradients = {
            name: [p.grad for p in self.networks[name].parameters() if p.grad is not None]
            for name in self.playing.trains
        }
        norms = {name: torch.nn.utils.get_total_norm(values) for name, values in gradients.items()}
        self.gradient_norms.update(norms)
        total = torch.stack(list(norms.values())).norm()
        if scaler is not None:
            self.stepped = bool(total.isfinite())
        if limit is not None:
            parameters = [p for name in self.playing.trains for p in self.networks[name].parameters()]
            torch.nn.utils.clip_grads_with_norm_(parameters, limit, total)

    # what a turn is given

    def learning_rate(self, turn: str) -> float:
        """The learning rate of a turn in the current iteration."""
        return self.defaults[turn]["lr"] * self.schedules[turn].factor(self.clock.images + self.rows)

    def betas(self, turn: str) -> tuple[float, float]:
        """Adam's decay factors of a turn in the current iteration; a schedule is a factor on 1 - beta2."""
        first, second = self.defaults[turn]["betas"]
        return first, 1 - (1 - second) * self.beta2_schedules[turn].factor(self.clock.images + self.rows)

    def moment(self, part: int) -> Moment:
        """The current iteration, with the noise that belongs to the rows of `part` on this rank."""
        like = next(self.parameters())

        def draw(kind: str, purpose: str, shape: tuple[int, ...]) -> Tensor:
            return self.noise.draw(kind, purpose, shape, part, like)

        draws = (partial(draw, kind) for kind in ("normal", "uniform"))
        return Moment(self.clock.iteration, self.clock.images, *draws, self.gather)

    def gather(self, rows: Tensor) -> Tensor:
        """The rows (N, ...) of all ranks, one rank's after the other's, with gradients to each."""
        return rows if self.trainer.world_size == 1 else self.all_gather(rows, sync_grads=True).flatten(0, 1)

    def unsynchronised(self) -> AbstractContextManager:
        """Backward passes inside leave gradients local to the rank."""
        strategy = self.trainer.strategy
        return strategy.block_backward_sync() if isinstance(strategy, ParallelStrategy) else nullcontext()

    def is_logged(self) -> bool:
        """Whether the iteration just counted is one that the trainer's `log_every_n_steps` or `max_steps` asks for."""
        done = self.clock.iteration
        return done % self.trainer.log_every_n_steps == 0 or done == self.trainer.max_steps

    def _is_observed(self, turn: Turn) -> bool:
        """Whether this is the turn's last play before an iteration that is logged."""
        done = self.clock.iteration + 1
        to_go = -done % self.trainer.log_every_n_steps
        if self.trainer.max_steps > 0:
            to_go = min(to_go, self.trainer.max_steps - done)
        return to_go < turn.every

    # what comes out

    def sampler(self) -> nn.Module:
        """The network that samples are taken from: `finished("generator")`."""
        return self.finished("generator")

    def finished(self, name: str) -> nn.Module:
        """The network `name` as it is used after training, in evaluation mode: its average, or a copy without one.

        Batch statistics of a generator are recomputed for its weights, from noise that depends on the seed alone.
        """
        averaged = self.ema is not None and name in self.ema.networks
        return ready(self.ema.networks[name] if averaged else copy.deepcopy(self.networks[name]), self.seed)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        processes = self.trainer.world_size
        checkpoint[MARK] = {"clock": self.clock.state_dict(), "record": self.record, "processes": processes}
        set_loop_counters(checkpoint["loops"]["fit_loop"], self.clock.iteration, int(self.trainer.num_training_batches))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.clock = Clock.from_state_dict(checkpoint[MARK]["clock"])


def _joined(parts: list[Played]) -> Played:
    """The mean of the terms and all rows of what was observed, detached."""
    terms = {name: torch.stack([p.terms[name].detach() for p in parts]).mean() for name in parts[0].terms}
    observed = {name: torch.cat([p.observed[name] for p in parts]) for name in parts[0].observed}
    return Played(terms, observed)
