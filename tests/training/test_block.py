import time

import pytest
import torch
from lightning import Callback
from lightning.pytorch.callbacks import LambdaCallback, LearningRateMonitor, ModelSummary, Timer, TQDMProgressBar

from helpers import Points, differences, fit, small_module
from saddle.callback.scheduled import Patient, Scheduled
from saddle.config.compose import compose
from saddle.data.loader import MemoryLoader
from saddle.factory.run import build
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.block import Block, BlockLoader, has_batch_hook
from saddle.training.ema import EMA


@pytest.fixture
def patient(monkeypatch):
    """Blocks may take long: their sizes do not depend on what else this machine does."""
    monkeypatch.setattr("saddle.training.block._LONGEST_SECONDS", 1000.0)


def loader(batches: int = 0) -> MemoryLoader:
    images = torch.arange(46, dtype=torch.uint8).view(46, 1, 1, 1)
    loader = MemoryLoader(images, None, rows=2, seed=3)  # 23 batches in an epoch
    loader.batches = batches
    return loader


def length(block: Block) -> int:
    """The number of batches in a block; one stands by itself, several in a list."""
    if isinstance(block, dict):
        return 1
    assert len(block) > 1
    return len(block)


def test_blocks_hold_the_loaders_batches_in_order_and_end_at_stops_and_with_the_epoch():
    blocks = list(BlockLoader(loader(), 4, lambda done: (done // 10 + 1) * 10))
    assert [length(block) for block in blocks] == [1, 4, 4, 1, 4, 4, 2, 3]
    plain = [batch["image"] for batch in loader()]
    batches = [batch for block in blocks for batch in (block if isinstance(block, list) else [block])]
    torch.testing.assert_close(torch.stack([batch["image"] for batch in batches]), torch.stack(plain))


def test_batches_are_counted_when_their_block_is_delivered():
    whole, counted = loader(), []
    for block in BlockLoader(whole, 5, lambda done: 1000):
        counted.append((length(block), whole.batches))
    assert counted == [(1, 1), (5, 6), (5, 11), (5, 16), (5, 21), (2, 23)]


def test_the_last_batch_of_an_epoch_stands_by_itself_if_it_is_alone():
    *_, last = BlockLoader(loader(21), 5, lambda done: 22 if done < 22 else 1000)
    assert last.keys() == {"image"}


def test_a_resumed_epoch_goes_on_where_it_was():
    resumed = [length(block) for block in BlockLoader(loader(15), 5, lambda done: 17 if done < 17 else 1000)]
    assert resumed == [1, 1, 5, 1]


def test_its_state_is_the_loaders_so_that_runs_in_blocks_and_without_go_on_from_each_other():
    blocks = BlockLoader(loader(), 5, lambda done: 1000)
    next(iter(blocks))
    assert blocks.state_dict() == {"batches": 1}
    blocks.load_state_dict({"batches": 20})
    assert [length(block) for block in blocks] == [1, 2]


def test_a_block_takes_about_half_a_second():
    sizes = []
    for block in BlockLoader(loader(), 16, lambda done: 1000):
        sizes.append(length(block))
        time.sleep(0.1 * sizes[-1])
    assert sizes[0] == 1
    assert set(sizes[1:-1]) <= {3, 4, 5}


class Watching(Callback):
    """A callback of somebody's own, which states nothing about when it is due."""

    def __init__(self) -> None:
        self.starts: list[tuple] = []
        self.ends: list[tuple] = []

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        assert set(batch) == {"image", "label"}
        assert batch["image"].shape == (8, 1, 2, 2)
        self.starts.append((trainer.current_epoch, batch_idx, module.clock.iteration, batch["label"].tolist()))

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.ends.append((trainer.current_epoch, batch_idx, module.clock.iteration, batch["label"].tolist()))


class Sizes(Patient):
    """One of ours: it looks in after each block, and notes the sizes."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.sizes.append(length(batch))


def played(block: int, *callbacks: Callback):
    """A run of 40 iterations, 7 to an epoch."""
    module = small_module(Adversarial(AdversarialObjective(NonSaturating()), n_critic=2), ema=EMA())
    trainer = fit(module, Points(), 40, callbacks, block=block, log_every_n_steps=30)
    return module, trainer


def test_a_callback_of_ones_own_sees_one_batch_per_iteration_in_a_run_with_blocks():
    watching = {block: Watching() for block in (1, 16)}
    sizes = Sizes()
    module, trainer = played(1, watching[1])
    in_blocks, trainer_of_blocks = played(16, watching[16], sizes)
    assert watching[16].starts == watching[1].starts
    assert watching[16].ends == watching[1].ends
    assert [(epoch, index) for epoch, index, *_ in watching[16].starts] == [divmod(n, 7) for n in range(40)]
    assert [iteration for _, _, iteration, _ in watching[16].ends] == list(range(1, 41))
    assert sizes.sizes == [1] * 40
    assert not differences(module.state_dict(), in_blocks.state_dict())
    assert module.clock == in_blocks.clock
    assert trainer.global_step == trainer_of_blocks.global_step == 40


class Quiet(Callback):
    """Has hooks, but none that is called per batch."""

    def __init__(self) -> None:
        self.epochs = 0

    def on_train_epoch_end(self, trainer, module):
        self.epochs += 1


def test_callbacks_without_hooks_per_batch_leave_the_blocks_long(patient):
    module, _ = played(1)
    sizes, quiet = Sizes(), Quiet()
    in_blocks, trainer = played(16, sizes, quiet)
    assert sum(sizes.sizes) == 40
    assert sizes.sizes == [1, 6] * 4 + [1, 1, 5, 1, 4]  # epochs of 7; iteration 30 is logged
    assert quiet.epochs == 6
    assert trainer.global_step == 40
    assert not differences(module.state_dict(), in_blocks.state_dict())


def test_the_default_callbacks_leave_the_blocks_long(tmp_path, patient):
    overrides = ["data=digits", "architecture=mlp", "trainer=cpu", "trainer.max_steps=60", "data.batch_size=64"]
    built = build(compose([*overrides, f"folder={tmp_path}"]))
    assert len(built.trainer.callbacks) > 8
    sizes = Sizes()
    built.trainer.callbacks.append(sizes)
    built.trainer.fit(built.module, datamodule=built.data_module)
    assert sum(sizes.sizes) == 60
    assert max(sizes.sizes) > 10
    assert len(sizes.sizes) < 20


HOOKS = ("on_before_backward", "on_after_backward", "on_before_optimizer_step")


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks_around_a_step_count_as_hooks_per_batch(hook):
    calls = []
    own = type("Own", (Callback,), {hook: lambda self, trainer, module, *_: calls.append(module.clock.iteration)})()
    sizes = Sizes()
    played(16, own, sizes)
    assert set(calls) == set(range(40))
    assert sizes.sizes == [1] * 40


def test_it_does_not_matter_whose_class_it_is():
    assert has_batch_hook(Watching())
    assert has_batch_hook(LearningRateMonitor())
    assert has_batch_hook(Timer(duration="00:01:00:00"))
    assert has_batch_hook(TQDMProgressBar())
    assert has_batch_hook(LambdaCallback(on_train_batch_start=print))
    assert not has_batch_hook(LambdaCallback(on_train_start=print))
    assert not has_batch_hook(ModelSummary())
    assert not has_batch_hook(Quiet())


def test_a_scheduled_callback_sees_the_iteration_at_which_it_is_due():
    class Ninth(Scheduled):
        seen: tuple[int, ...] = ()

        def next_due(self, iteration, rows):
            return (iteration // 9 + 1) * 9

        def on_train_batch_end(self, trainer, module, *_):
            if self.is_due(module):
                self.seen += (module.clock.iteration,)

    ninth, sizes = Ninth(), Sizes()
    played(16, ninth, sizes)
    assert ninth.seen == (9, 18, 27, 36)
    assert max(sizes.sizes) > 1
