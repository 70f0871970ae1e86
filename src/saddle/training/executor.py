"""What plays the turns of an iteration, and what it needs from the module that holds the networks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Trainer
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn

from saddle.game.turn import Batch, Game, Moment, Played, Turn
from saddle.training.clock import Clock
from saddle.training.ema import EMA
from saddle.training.noise import Noise


class Executor(Protocol):
    """Plays the turns of an iteration."""

    def play(self, batch: Batch) -> set[str]:
        """Play every turn that is due; the names of the networks that were trained and are not yet averaged."""

    def before_step(self) -> None:
        """Called after a turn's backward passes, just before its optimizer's step."""


class Player(Protocol):
    """The networks of a game with everything that its turns are played with.

    `saddle.training.module.GameModule` is one. `optimizers`, schedules and norms are by turn, networks by name.
    """

    game: Game
    turns: tuple[Turn, ...]
    state: nn.ModuleDict
    """The game's own state."""
    ema: EMA | None
    clock: Clock
    noise: Noise
    rows: int
    """Number of images in an iteration, over all ranks and accumulated parts."""
    accumulate: int
    """Number of parts in which an iteration's gradients are accumulated."""
    clip_norm: Mapping[str, float | None]
    wrapped: dict[str, LightningOptimizer]
    """Each turn's optimizer, wrapped by Lightning."""
    counted_turn: str
    """The turn whose step `trainer.global_step` counts."""

    # results, which the executor writes
    played: dict[str, Played]
    """What each turn gave when it was last played."""
    gradient_norms: dict[str, Tensor]
    """The gradient norm of each network when it was last trained, before clipping."""

    @property
    def networks(self) -> dict[str, nn.Module]:
        """The game's networks by name."""

    @property
    def trainer(self) -> Trainer:
        """Lightning's trainer."""

    @property
    def device(self) -> torch.device:
        """The device of the networks."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """The parameters of all networks and averages."""

    def set_rates(self, turn: str) -> None:
        """Set a turn's learning rate and betas to the values of their schedules in the current iteration."""

    def moment(self, part: int) -> Moment:
        """The current iteration, with the noise for the rows of an accumulated `part` on this rank."""

    def gather(self, rows: Tensor) -> Tensor:
        """The rows (N, ...) of all ranks in rank order, with gradients to each."""

    def count_step(self) -> None:
        """Count an iteration for `trainer.global_step`, if no wrapped optimizer does."""

    def is_observed(self, turn: Turn) -> bool:
        """Whether the turn is played for the last time before an iteration that is logged."""

    def toggled_optimizer(self, optimizer: LightningOptimizer) -> AbstractContextManager[None]:
        """Inside, only the optimizer's own parameters require gradients."""

    def manual_backward(self, loss: Tensor) -> None:
        """A backward pass through Lightning's strategy and precision."""


MakeExecutor = Callable[[Player], Executor]
"""Makes the executor of a module, at the start of training."""


def trained_parameters(network: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of a network by name, without frozen ones (`requires_grad` is False), which no turn trains."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def total_loss(played: Played) -> Tensor:
    """The sum of a turn's terms, a scalar: what its networks minimize."""
    first, *rest = played.terms.values()
    return sum(rest, start=first)


def apply_constraints(turn: Turn, networks: Mapping[str, nn.Module]) -> None:
    """Apply a turn's constraints to the weights of the networks that it trains; frozen weights stay as they are."""
    for constraint in turn.constraints:
        for name in turn.trains:
            with _keeping_frozen(networks[name]):
                constraint.apply(networks[name])


@contextmanager
def _keeping_frozen(network: nn.Module) -> Iterator[None]:
    """Afterwards the frozen parameters of a network are as before, whatever changed all of them."""
    frozen = [parameter for parameter in network.parameters() if not parameter.requires_grad]
    values = [parameter.clone() for parameter in frozen]
    yield
    with torch.no_grad():
        for parameter, value in zip(frozen, values, strict=True):
            parameter.copy_(value)
