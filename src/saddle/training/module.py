"""The LightningModule: it holds the networks of a game and plays the game's turns by manual optimization."""

import copy
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.bound import Count, Positive
from saddle.game.turn import Batch, Game, Moment, Played, Turn
from saddle.schedule import Schedule
from saddle.training.checkpoint import FORMAT, MARK, set_loop_counters
from saddle.training.clock import Clock
from saddle.training.data_module import GameDataModule
from saddle.training.ema import EMA
from saddle.training.executor import Executor, MakeExecutor, trained_parameters
from saddle.training.noise import Noise
from saddle.training.sampling import all_labels, ready


class GameModule(LightningModule):
    """Plays `game` between `networks`: one optimizer, one schedule and one clipping norm per turn.

    `optimizers` maps a turn's name to a function from parameters to its optimizer; `schedules` to the factor on its
    learning rate; `beta2_schedules` to the factor on Adam's 1 - beta2, or None; `clip_norm` to the largest gradient
    norm (L2, over all parameters that the turn trains) or None. `rows` is the number of images in one iteration over
    all ranks, in `accumulate` parts. `make_executor` makes what plays the turns. `ema` averages the networks that the
    game names, or is None. `record` (plain values) is the config that checkpoints carry. `label_shares` gives the share
    of each class in the data, (classes,), once that is read; None if no generator takes labels. `has_budget`
    says that the run ends by its CPU seconds.
    """

    noise: Noise
    wrapped: dict[str, LightningOptimizer]
    executor: Executor

    def __init__(
        self,
        game: Game,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Callable[..., Optimizer]],
        schedules: Mapping[str, Schedule],
        clip_norm: Mapping[str, Positive | None],
        rows: Count,
        seed: int,
        make_executor: MakeExecutor,
        accumulate: Count = 1,
        ema: EMA | None = None,
        beta2_schedules: Mapping[str, Schedule | None] | None = None,
        record: Mapping[str, Any] | None = None,
        label_shares: Callable[[], Tensor] | None = None,
        has_budget: bool = False,
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
        self.data_label_shares, self.has_budget = label_shares, has_budget
        self.label_shares: list[float] | None = None
        """The share of each class in the data, known when training starts; None if no generator takes labels."""
        self.make_executor = make_executor
        self.clock = Clock()
        self.played: dict[str, Played] = {}
        self.gradient_norms: dict[str, Tensor] = {}
        self.counted_turn = [turn.name for turn in self.turns if turn.every == 1][-1]

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The game's networks by name."""
        return {name: getattr(self, name) for name in self.game.needs}

    def configure_optimizers(self) -> list[Optimizer]:
        optimizers = []
        for turn in self.turns:
            parameters = [p for name in turn.trains for p in trained_parameters(self.networks[name]).values()]
            optimizers.append(self.make_optimizer[turn.name](parameters))
        self.defaults = {turn.name: o.defaults for turn, o in zip(self.turns, optimizers, strict=True)}
        return optimizers

    def on_fit_start(self) -> None:
        self.noise = Noise(self.seed, self.rows, self.accumulate, self.global_rank, self.trainer.world_size)
        optimizers = self.optimizers()
        wrapped = optimizers if isinstance(optimizers, list) else [optimizers]  # one turn: Lightning gives no list
        self.wrapped = dict(zip((turn.name for turn in self.turns), wrapped, strict=True))
        self.executor = self.make_executor(self)
        if self.data_label_shares is not None:
            self.label_shares = self.data_label_shares().tolist()

    # one iteration

    def training_step(self, batch: Batch | list[Batch], batch_index: int) -> None:
        """Play one iteration for a batch, or one for each batch of a block."""
        with self.clock.counting(self.device) if self._is_counted() else nullcontext():
            for single in batch if isinstance(batch, list) else [batch]:
                self.play(single)

    def play(self, batch: Batch) -> None:
        """Play every turn that is due; count the iteration once."""
        self.noise.start(self.clock.iteration)
        self.noise.reseed()
        changed = self.executor.play(batch)
        self.clock.tick(self.rows)
        if self.ema is not None:
            for name in changed.intersection(self.game.averaged):
                self.ema.update(name, self.networks[name], self.clock.images)

    def _is_counted(self) -> bool:
        """Whether seconds are counted: on an accelerator only for a budget, because to count is to wait for it."""
        return self.device.type == "cpu" or self.has_budget

    def count_step(self) -> None:
        """Count an iteration for `trainer.global_step`, as Lightning's wrapper does around an optimizer's step."""
        progress = self.trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
        progress.increment_ready()
        progress.increment_completed()

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        self.executor.before_step()

    # inputs of a turn

    def set_rates(self, turn: str) -> None:
        """Set a turn's learning rate and betas to the values of their schedules in the current iteration."""
        rate = self.learning_rate(turn)
        schedule = self.beta2_schedules.get(turn)
        for group in self.wrapped[turn].param_groups:
            group["lr"] = rate
            if schedule is not None:
                group["betas"] = self._betas(turn, schedule)

    def learning_rate(self, turn: str) -> float:
        """The learning rate of a turn in the current iteration."""
        return self.defaults[turn]["lr"] * self.schedules[turn].factor(self.clock.images + self.rows)

    def _betas(self, turn: str, schedule: Schedule) -> tuple[float, float]:
        """Adam's decay factors of a turn in the current iteration; the schedule is a factor on 1 - beta2."""
        first, second = self.defaults[turn]["betas"]
        return first, 1 - (1 - second) * schedule.factor(self.clock.images + self.rows)

    def moment(self, part: int) -> Moment:
        """The current iteration, with the noise for the rows of an accumulated `part` on this rank."""
        like = next(self.parameters())

        def draw(kind: str, purpose: str, shape: tuple[int, ...]) -> Tensor:
            return self.noise.draw(kind, purpose, shape, part, like)

        normal, uniform = partial(draw, "normal"), partial(draw, "uniform")
        return Moment(self.clock.iteration, self.clock.images, normal, uniform, self.gather)

    def gather(self, rows: Tensor) -> Tensor:
        """The rows (N, ...) of all ranks in rank order, with gradients to each."""
        if self.trainer.world_size == 1:
            return rows
        gathered = self.all_gather(rows, sync_grads=True)
        assert isinstance(gathered, Tensor)
        return gathered.flatten(0, 1)

    def is_logged(self) -> bool:
        """Whether the iteration just counted is one that the trainer's `log_every_n_steps` or `max_steps` asks for."""
        done = self.clock.iteration
        return done % self._log_every() == 0 or done == self.trainer.max_steps

    def is_observed(self, turn: Turn) -> bool:
        """Whether the turn is played for the last time before an iteration that is logged."""
        done = self.clock.iteration + 1
        remaining = -done % self._log_every()
        if self.trainer.max_steps > 0:
            remaining = min(remaining, self.trainer.max_steps - done)
        return remaining < turn.every

    def _log_every(self) -> int:
        return self.trainer.log_every_n_steps  # type: ignore[attr-defined]  # Lightning sets it outside of the class

    # results

    @property
    def sampled_network(self) -> str:
        """Which network `sampler` prepares: "average" or "generator"."""
        return "generator" if self.ema is None else "average"

    def sampler(self) -> nn.Module:
        """The network that samples are taken from: `finished("generator")`."""
        return self.finished("generator")

    def finished(self, name: str) -> nn.Module:
        """The network `name` as it is used after training, in evaluation mode: its average, or a copy without one.

        Batch statistics of a generator are recomputed for its weights, from noise that depends on the seed alone, and
        from labels in the data's shares.
        """
        if self.ema is not None and name in self.ema.networks:
            return ready(self.ema.networks[name], self.seed, self.label_shares)
        return ready(copy.deepcopy(self.networks[name]), self.seed, self.label_shares)

    def sampled_labels(self, num: int) -> Tensor | None:
        """Labels (num,) int64, in the data's shares, of samples to measure; None if the generator takes none."""
        return all_labels(self.networks["generator"], num, self.label_shares)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[MARK] = {
            "format": FORMAT,
            "clock": self.clock.state_dict(),
            "record": self.record,
            "processes": self.trainer.world_size,
            "label_shares": self.label_shares,
            "data": self._data_identity(),
        }
        set_loop_counters(checkpoint["loops"]["fit_loop"], self.clock.iteration, int(self.trainer.num_training_batches))

    def _data_identity(self) -> dict[str, Any] | None:
        """What the data is, on the first rank, which alone writes checkpoints."""
        return self._data_module().data.identity().state() if self.trainer.is_global_zero else None

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.clock = Clock.from_state_dict(checkpoint[MARK]["clock"])
        loader = self._data_module().loader
        if self._data_module().has_changed and loader is not None:  # then epochs have another length
            set_loop_counters(checkpoint["loops"]["fit_loop"], self.clock.iteration, len(loader))

    def _data_module(self) -> GameDataModule:
        data_module: GameDataModule = self.trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it outside
        return data_module
