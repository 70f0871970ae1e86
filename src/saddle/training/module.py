"""The LightningModule: it holds the networks of a game and plays the game's turns by manual optimization."""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.bound import Count, Positive
from saddle.game.turn import Batch, Game, Moment, Played, Turn
from saddle.schedule import Schedule
from saddle.training.checkpoint import MARK, set_loop_counters
from saddle.training.clock import Clock
from saddle.training.compiled import Compiled
from saddle.training.due import next_multiple
from saddle.training.eager import Eager
from saddle.training.ema import EMA
from saddle.training.noise import Noise
from saddle.training.sampling import ready


class GameModule(LightningModule):
    """Plays `game` between `networks`: one optimizer, one schedule and one clipping norm per turn.

    `optimizers` maps a turn's name to a function of parameters that makes its optimizer; `schedules` to the factor on
    its learning rate; `beta2_schedules` to the factor on Adam's 1 - beta2, or None; `clip_norm` to the largest gradient
    norm (L2, over all parameters that the turn trains) or None. `rows` is the number of images that one iteration sees
    over all ranks, in `accumulate` parts. `ema` averages the networks that the game names, or is None. `record` (plain
    values) says how all this was made; checkpoints carry it. `executor` makes what plays the turns.
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
        executor: Callable[["GameModule"], Eager | Compiled] = Eager,
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
        self.make_executor = executor
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
        self.executor = self.make_executor(self)

    # one iteration

    def training_step(self, batch: Batch | list[Batch], batch_index: int) -> None:
        """Play an iteration for a batch, or one for each of a block of them."""
        for one in batch if isinstance(batch, list) else [batch]:
            self.play(one)

    def play(self, batch: Batch) -> None:
        """Play every turn that is due; count the iteration once."""
        self.noise.start(self.clock.iteration)
        self.noise.reseed()
        changed = self.executor.play(batch)
        self.clock.tick(self.rows)
        if self.ema is not None:
            for name in changed.intersection(self.game.averaged):
                self.ema.update(name, self.networks[name], self.clock.images)

    def count_step(self) -> None:
        """Count an iteration for `trainer.global_step`, as Lightning's wrapper does around an optimizer's step."""
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.increment_ready()
        progress.increment_completed()

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        self.executor.before_step()

    # what a turn is given

    def set_rates(self, turn: str) -> None:
        """Give the optimizer of a turn what its schedules say for the current iteration."""
        for group in self.wrapped[turn].param_groups:
            group["lr"] = self.learning_rate(turn)
            if self.beta2_schedules.get(turn) is not None:
                group["betas"] = self.betas(turn)

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

    def next_stop(self, iteration: int) -> int:
        """The first iteration after `iteration` after which the trainer or a callback has something to do.

        A callback says so by `next_due`; one that does not, and looks in after batches, is taken to do so after each.
        """
        trainer = self.trainer
        counts_batches = trainer.fast_dev_run or trainer.overfit_batches or trainer.limit_train_batches != 1.0
        stops = [iteration + 1 if counts_batches else next_multiple(iteration, trainer.log_every_n_steps)]
        stops += [trainer.max_steps] if trainer.max_steps > 0 else []
        for callback in trainer.callbacks:
            if hasattr(callback, "next_due"):
                stops.append(callback.next_due(iteration, self.rows))
            elif not type(callback).__module__.startswith("lightning."):
                stops.append(iteration + 1)
        return min(stops)

    def is_logged(self) -> bool:
        """Whether the iteration just counted is one that the trainer's `log_every_n_steps` or `max_steps` asks for."""
        done = self.clock.iteration
        return done % self.trainer.log_every_n_steps == 0 or done == self.trainer.max_steps

    def is_observed(self, turn: Turn) -> bool:
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
