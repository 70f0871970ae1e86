import os
import signal

import pytest
from lightning import Callback

from helpers import Points, fit, small_module
from saddle.callback.stop import StopOnSignal
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.interrupt import SIGNALS, Interrupted
from saddle.loss.non_saturating import NonSaturating
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
