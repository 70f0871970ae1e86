import lightning
import pytest
import torch

from helpers import Points, fit, small_module
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.schedule import Schedule
from saddle.training.data_module import GameDataModule
from saddle.training.lockstep import Training, first_differences

LAST = 9


class Falling(Schedule):
    """A factor of 1 for the first 40 images, five iterations, and then of a half."""

    def factor(self, images: int) -> float:
        return 1.0 if images <= 40 else 0.5


def game() -> Adversarial:
    return Adversarial(AdversarialObjective(NonSaturating()))


@pytest.fixture
def checkpoint(tmp_path):
    fit(small_module(game()), Points(), 2).save_checkpoint(tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


def training(checkpoint, **changes) -> Training:
    flags = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    trainer = lightning.Trainer(
        **flags, accelerator="cpu", precision="64-true", max_steps=LAST, max_epochs=-1, log_every_n_steps=1
    )
    return Training(small_module(game(), **changes), GameDataModule(Points()), trainer, checkpoint)


def schedules(**changes: Schedule) -> dict[str, Schedule]:
    return {"discriminator": Schedule(), "generator": Schedule(), **changes}


def test_the_same_training_does_not_differ(checkpoint):
    compared = []
    assert first_differences(training(checkpoint), training(checkpoint), compared.append) == (None, [])
    assert compared == list(range(3, LAST + 1))


def test_a_rate_that_falls_later_is_found_when_it_falls(checkpoint):
    compared = []
    branch = training(checkpoint, schedules=schedules(generator=Falling()))
    iteration, (found,) = first_differences(training(checkpoint), branch, compared.append)
    assert iteration == 6
    assert (found.turn, found.kind, found.name) == ("generator", "weight", "generator")
    assert compared == [3, 4, 5, 6]
    assert branch.module.clock.iteration == 6


def test_both_trainings_are_those_that_nobody_compares(checkpoint):
    run = training(checkpoint)
    first_differences(run, training(checkpoint, schedules=schedules(generator=Falling())), lambda _: None)
    alone = small_module(game())
    fit(alone, Points(), 6, ckpt_path=checkpoint)
    for mine, theirs in zip(run.module.parameters(), alone.parameters(), strict=True):
        assert torch.equal(mine, theirs)
