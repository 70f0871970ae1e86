import time

import pytest
from lightning import Callback

from helpers import Points, fit, small_module
from saddle.callback.budget import Budget
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating


class Busy(Callback):
    """Takes CPU time that is no training."""

    def on_train_batch_end(self, trainer, module, *_):
        begun = time.process_time()
        while time.process_time() < begun + 0.02:
            pass


def played(budget: float, spent: float = 0.0, callbacks=()):
    """A run of at most 10,000 iterations with a budget, whose clock begins at `spent`: its module and trainer."""
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    module.clock.cpu_seconds = spent
    return module, fit(module, Points(), 10_000, [Budget(budget), *callbacks])


def test_a_run_ends_with_the_iteration_that_spends_its_budget_and_callbacks_cost_nothing():
    begun = time.process_time()
    module, _ = played(0.2, callbacks=[Busy()])
    assert module.clock.cpu_seconds == pytest.approx(0.2, abs=0.05)
    assert module.clock.iteration > 10
    assert time.process_time() - begun > 2 * module.clock.cpu_seconds


def test_seconds_before_count_and_a_budget_that_is_spent_trains_nothing():
    module, _ = played(100.2, spent=100.0)
    assert 0 < module.clock.iteration < 10_000
    assert 100.2 <= module.clock.cpu_seconds < 100.4
    module, _ = played(100.2, spent=100.3)
    assert module.clock.iteration == 0


def test_what_is_left_follows_from_the_iterations_so_far():
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())))
    module.clock.iteration, module.clock.cpu_seconds = 50, 2.0
    assert Budget(10.0).iterations_left(module) == pytest.approx(200)
