"""Iterations played in blocks: nothing that a callback does comes late, comes twice, or is different."""

import csv

import pytest
from lightning import Callback

from helpers import Points, differences, fit, small_module
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.curves import Curves
from saddle.callback.health import Health
from saddle.callback.samples import SampleGrids
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.ema import EMA


def played(folder, size: int, extra=(), **flags):
    """A run of 45 iterations, 7 to an epoch, in blocks of at most `size`: module, rows of its curves, its files."""
    folder.mkdir(exist_ok=True)
    module = small_module(Adversarial(AdversarialObjective(NonSaturating()), n_critic=2), ema=EMA())
    data = Points()
    callbacks = [
        Curves(str(folder / "metrics.csv")),
        SampleGrids(str(folder / "samples"), num=4, every_iterations=13),
        LastCheckpoint(str(folder / "checkpoints"), every_images=100, keep=None),
        Health(every_iterations=9),
    ]
    flags = {"log_every_n_steps": 6, "enable_checkpointing": True, **flags}
    fit(module, data, 45, [*callbacks, *extra], block=size, **flags)
    with (folder / "metrics.csv").open() as file:
        rows = [
            {n: v for n, v in row.items() if n not in ("images_per_second", "cpu_seconds")}
            for row in csv.DictReader(file)
        ]
    return module, rows, sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))


def test_blocks_change_nothing_that_is_written(tmp_path):
    module, rows, files = played(tmp_path / "one", 1)
    in_blocks, rows_of_blocks, files_of_blocks = played(tmp_path / "several", 16)
    assert rows_of_blocks == rows
    assert files_of_blocks == files
    assert not differences(module.state_dict(), in_blocks.state_dict())
    assert {"samples/00000013.png", "checkpoints/00000013.ckpt", "checkpoints/00000045.ckpt"} <= set(files)
    assert [int(row["iteration"]) for row in rows] == [6, 12, 18, 24, 30, 36, 42, 45]


class Counting(Callback):
    """Looks in after each batch and says nothing of when."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def on_train_batch_end(self, trainer, module, *_):
        self.seen.append(module.clock.iteration)


class Told(Counting):
    def next_due(self, iteration: int, rows: int) -> int:
        return iteration + 100


def test_a_callback_that_does_not_say_when_it_is_due_is_called_after_each_iteration(tmp_path):
    counting, told = Counting(), Told()
    played(tmp_path / "counting", 16, [counting])
    played(tmp_path / "told", 16, [told])
    assert counting.seen == list(range(1, 46))
    assert set(told.seen) >= {6, 7, 9, 12, 13, 14, 18}
    assert len(told.seen) < 35


@pytest.mark.parametrize("flags", [{"limit_train_batches": 3}, {"overfit_batches": 2}])
def test_flags_that_count_batches_mean_batches(tmp_path, flags):
    module, _, _ = played(tmp_path / "one", 1, **flags)
    in_blocks, _, _ = played(tmp_path / "several", 16, **flags)
    assert not differences(module.state_dict(), in_blocks.state_dict())
    assert module.clock == in_blocks.clock
