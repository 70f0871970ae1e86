import os
import signal
from collections import OrderedDict

import pytest
import torch
from lightning import Callback
from lightning.pytorch.loggers import Logger

from helpers import Points, fit, small_module
from saddle.callback.curves import Curves
from saddle.callback.stop import StopOnSignal
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.interrupt import SIGNALS, Interrupted
from saddle.loss.non_saturating import NonSaturating
from saddle.training.checkpoint_io import AtomicCheckpointIO
from systems import require_posix

require_posix()


class Send(Callback):
    def __init__(self, number: int, times: int = 1) -> None:
        self.number, self.times = number, times

    def on_train_batch_start(self, trainer, module, *_):
        if trainer.global_step == 3:
            for _ in range(self.times):
                os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_training_after_the_iteration_in_play(number):
    stop = StopOnSignal()
    before = signal.getsignal(number)
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    fit(module, Points(), 20, [stop, Send(number)])
    assert stop.signal == number
    assert module.clock.iteration == 4
    assert signal.getsignal(number) == before


def test_without_a_signal_nothing_stops():
    stop = StopOnSignal()
    assert fit(small_module(Adversarial(AdversarialObjective(NonSaturating()))), Points(), 5, [stop]).global_step == 5
    assert stop.signal is None


def test_a_second_interrupt_ends_at_once():
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    with pytest.raises(Interrupted) as told:
        fit(module, Points(), 20, [StopOnSignal(), Send(signal.SIGINT, times=2)])
    assert told.value.code == 130
    assert module.clock.iteration == 3


class SendWhilePickled:
    """Ctrl-C twice in the middle of a checkpoint."""

    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return OrderedDict, ()


class Save(Callback):
    """Puts SendWhilePickled into a checkpoint after the third iteration."""

    def __init__(self, path):
        self.path = path

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 3:
            AtomicCheckpointIO().save_checkpoint({"sent": SendWhilePickled(), "weights": torch.ones(1000)}, self.path)


def test_a_second_interrupt_waits_for_a_checkpoint_that_is_being_written(tmp_path):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    with pytest.raises(Interrupted):
        fit(module, Points(), 20, [StopOnSignal(), Save(tmp_path / "whole.ckpt")])
    assert [path.name for path in tmp_path.iterdir()] == ["whole.ckpt"]
    with (tmp_path / "whole.ckpt").open("rb") as file:
        assert torch.load(file, weights_only=True)["sent"] == {}


class SlowLogger(Logger):
    """Receives Ctrl-C twice in the middle of its work, as a queue between two of its steps."""

    name, version = "slow", 0

    def __init__(self):
        super().__init__()
        self.begun = self.done = 0

    def log_metrics(self, metrics, step=None):
        self.begun += 1
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        self.done += 1

    def log_hyperparams(self, params, *args, **kwargs):
        pass


def test_a_second_interrupt_waits_for_a_logger(tmp_path):
    module, logger = small_module(Adversarial(AdversarialObjective(NonSaturating()))), SlowLogger()
    curves = Curves(str(tmp_path / "metrics.csv"))
    with pytest.raises(Interrupted):
        fit(module, Points(), 20, [StopOnSignal(), curves], logger=logger, log_every_n_steps=2)
    assert (logger.begun, logger.done) == (1, 1)


def test_other_signals_may_come_twice():
    module, stop = small_module(Adversarial(AdversarialObjective(NonSaturating()))), StopOnSignal()
    fit(module, Points(), 20, [stop, Send(signal.SIGTERM, times=3)])
    assert module.clock.iteration == 4
    assert stop.signal == signal.SIGTERM


class SendAt(Callback):
    """Sends SIGTERM in one of the hooks."""

    def __init__(self, hook: str) -> None:
        setattr(self, hook, lambda trainer, module: os.kill(os.getpid(), signal.SIGTERM))


@pytest.mark.parametrize(("hook", "iterations"), [("on_train_start", 0), ("on_train_end", 5)])
def test_before_the_first_iteration_and_after_the_last_there_is_nothing_to_wait_for(hook, iterations):
    module, stop = small_module(Adversarial(AdversarialObjective(NonSaturating()))), StopOnSignal()
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted) as told:
        fit(module, Points(), 5, [stop, SendAt(hook)])
    assert told.value.code == 143
    assert module.clock.iteration == iterations
    assert signal.getsignal(signal.SIGTERM) == before
