"""The types of what Lightning passes to the hooks of saddle's callbacks."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import saddle.compat  # noqa: F401  isort: skip
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from saddle.training.data_module import GameDataModule
from saddle.training.module import GameModule

P = ParamSpec("P")
C = TypeVar("C", bound=Callback)


class GameTrainer(Trainer):
    """The type of Lightning's Trainer, with the attributes that Lightning's connectors set without declaring them.

    It exists for type checkers: nothing creates one.
    """

    callbacks: list[Callback]
    datamodule: GameDataModule
    fast_dev_run: int | bool
    log_every_n_steps: int


def hook(
    method: Callable[Concatenate[C, GameTrainer, GameModule, P], None],
) -> Callable[Concatenate[C, Trainer, LightningModule, P], None]:
    """`method` itself, typed as a hook of Lightning's Callback.

    Lightning declares that a hook receives any LightningModule. In saddle it is always a GameModule, so callbacks
    declare that, and this is the one place that bridges the two.
    """
    return method  # type: ignore[return-value]  # narrower arguments, for the reason above
