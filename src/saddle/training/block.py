"""Several batches at a time, so that the trainer's own work around an iteration is done less often."""

import time
from collections.abc import Callable, Iterator

import saddle.compat  # noqa: F401  isort: skip
from lightning import Callback, Trainer
from torch import Tensor

from saddle.data.loader import MemoryLoader
from saddle.training.due import next_multiple

Block = dict[str, Tensor] | list[dict[str, Tensor]]
"""One batch, or a list of at least two."""

_LONGEST_SECONDS = 0.5
"""The target for the longest block: signals are handled between blocks."""

_BATCH_HOOKS = (
    "on_train_batch_start",
    "on_train_batch_end",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
)
"""The hooks of a callback that Lightning calls at least once per batch."""


class BlockLoader:
    """The batches of `loader` in blocks of at most `size`: a single batch as it is, several as a list.

    A block ends at `next_stop(n)` batches, where n batches have been delivered before it. The first block has one
    batch. Later blocks are shorter than `size` if they would take longer than half a second.
    """

    def __init__(self, loader: MemoryLoader, size: int, next_stop: Callable[[int], int]) -> None:
        self.loader, self.size, self.next_stop = loader, size, next_stop

    def __len__(self) -> int:
        """Number of batches in an epoch, an upper bound on the number of blocks."""
        return len(self.loader)

    def __iter__(self) -> Iterator[Block]:
        """The rest of the current epoch."""
        batches: list[dict[str, Tensor]] = []
        size, stop = 1, self.next_stop(self.loader.batches)
        for batch in self.loader:
            batches.append(batch)
            if len(batches) >= size or self.loader.batches >= stop:
                begin = time.perf_counter()
                yield _block(batches)
                seconds = (time.perf_counter() - begin) / len(batches)
                size = max(1, min(self.size, int(_LONGEST_SECONDS / max(seconds, 1e-9))))
                batches, stop = [], self.next_stop(self.loader.batches)
        if batches:
            yield _block(batches)

    def state_dict(self) -> dict[str, int]:
        """The state of `loader` between two blocks."""
        return self.loader.state_dict()

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from `state`."""
        self.loader.load_state_dict(state)


def _block(batches: list[dict[str, Tensor]]) -> Block:
    return batches[0] if len(batches) == 1 else batches


def next_stop(trainer: Trainer, rows: int, iteration: int) -> int:
    """The first iteration after `iteration` after which the trainer or a callback acts, at `rows` images in each.

    A callback states it by `next_due` (`saddle.callback.scheduled`). Any other callback with a hook that is called per
    batch acts after each iteration, so it sees the iterations one by one.
    """
    stops = [_trainer_stop(trainer, iteration)]
    for callback in trainer.callbacks:  # type: ignore[attr-defined]  # Lightning sets it outside of the class
        if hasattr(callback, "next_due"):
            stops.append(callback.next_due(iteration, rows))
        elif has_batch_hook(callback):
            stops.append(iteration + 1)
    return min(stops)


def _trainer_stop(trainer: Trainer, iteration: int) -> int:
    """The first iteration after `iteration` after which the trainer itself acts."""
    if trainer.fast_dev_run or trainer.overfit_batches or trainer.limit_train_batches != 1.0:  # type: ignore[attr-defined]  # Lightning sets them outside of the class
        return iteration + 1  # these flags count batches
    stop = next_multiple(iteration, trainer.log_every_n_steps)  # type: ignore[attr-defined]  # as above
    return min(stop, trainer.max_steps) if trainer.max_steps > 0 else stop


def has_batch_hook(callback: Callback) -> bool:
    """Whether `callback` overrides a hook that is called per batch, in its class or on the object itself."""
    return any(_overrides(callback, hook) for hook in _BATCH_HOOKS)


def _overrides(callback: Callback, hook: str) -> bool:
    method = getattr(callback, hook)
    return getattr(method, "__func__", None) is not getattr(Callback, hook)
