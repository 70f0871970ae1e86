"""Fault 13: NaN or infinity in D or G is found within k iterations; the last good checkpoint stays, EMA unharmed."""

import math

import pytest
import torch
from lightning import Callback

from helpers import SMALL, Points, fit, small_module, train
from saddle.callback.checkpoint import LastCheckpoint
from saddle.callback.health import Health
from saddle.error import Failed
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.training.checkpoint import read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.ema import EMA
from watching import TURNS

FLAGS = {"enable_checkpointing": True, "plugins": [AtomicCheckpointIO()], "log_every_n_steps": 1000}


class Jump:
    """A schedule whose factor becomes huge after so many images."""

    def __init__(self, images: int) -> None:
        self.images = images

    def factor(self, images: int) -> float:
        return 1.0 if images <= self.images else 1e200


def overflowing():
    """Goes on well for 12 iterations of 8 images."""
    return small_module(
        Adversarial(AdversarialObjective(NonSaturating())),
        schedules=dict.fromkeys(TURNS, Jump(96)),
        ema=EMA(50),
        record={"seed": 0},
    )


@pytest.mark.parametrize(("every", "found"), [(5, 15), (1000, 20)])  # by its cadence, and before a checkpoint
def test_numbers_that_are_none_end_the_run_and_spare_the_checkpoint(tmp_path, every, found):
    module, callbacks = overflowing(), [LastCheckpoint(str(tmp_path), every_images=80), Health(every_iterations=every)]
    flags = {"enable_checkpointing": True, "plugins": [AtomicCheckpointIO()], "log_every_n_steps": 1000}
    with pytest.raises(Failed) as failure:
        fit(module, Points(), 100, callbacks, **flags)
    message = str(failure.value)
    assert message.startswith("training failed: loss/discriminator/adversarial is inf in iteration 14, the weights of ")
    assert f"The last good checkpoint is {tmp_path / 'last.ckpt'}" in message
    assert "\n" not in message
    assert module.clock.iteration == found
    content = read_checkpoint(tmp_path / "last.ckpt")
    assert content["global_step"] == 10
    tensors = [value for value in content["state_dict"].values() if isinstance(value, torch.Tensor)]
    assert len(tensors) == 6
    assert all(value.isfinite().all() for value in tensors)
    assert {path.name for path in tmp_path.iterdir()} == {"last.ckpt", "00000010.ckpt"}


def test_the_end_of_training_is_looked_at_and_no_checkpoint_is_invented():
    module = overflowing()
    with pytest.raises(Failed, match="No checkpoint had been written"):
        fit(module, Points(), 14, [Health()])
    assert module.clock.iteration == 14


class Poison(Callback):
    """Puts one number that is none into a place, before the thirteenth iteration."""

    def __init__(self, place: str, value: float) -> None:
        self.place, self.value = place, value

    def on_train_batch_start(self, trainer, module, batch, index):
        if module.clock.iteration != 12:
            return
        if self.place == "data":
            batch["image"].view(-1)[0] = self.value
        elif self.place == "gradient":
            weight = module.generator.linear.weight
            hook = weight.register_hook(lambda gradient: gradient + self.value)
            module.remove = hook.remove
        else:
            {"D": module.discriminator, "G": module.generator, "EMA": module.ema.networks.generator}[
                self.place
            ].linear.weight.data.view(-1)[0] = self.value


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("place", ["data", "gradient", "D", "G", "EMA"])
@pytest.mark.parametrize("every", [1, 5, 7])
def test_one_such_number_is_found_within_k_iterations_and_never_saved(tmp_path, place, value, every):
    module = small_module(Adversarial(AdversarialObjective(NonSaturating())), ema=EMA(50), record={"seed": 0})
    callbacks = [Poison(place, value), Health(every_iterations=every), LastCheckpoint(str(tmp_path), every_images=24)]
    with pytest.raises(Failed, match=f"The last good checkpoint is {tmp_path / 'last.ckpt'}"):
        fit(module, Points(), 100, callbacks, **FLAGS)
    assert 13 <= module.clock.iteration <= min(12 + every, 15)  # 15 is the next save
    content = read_checkpoint(tmp_path / "last.ckpt")
    assert content["global_step"] == 12
    tensors = [value for value in content["state_dict"].values() if isinstance(value, torch.Tensor)]
    assert len(tensors) == 6  # of D, of G, and of its average
    assert all(value.isfinite().all() for value in tensors)
    assert {path.name for path in tmp_path.iterdir()} == {"last.ckpt", "00000012.ckpt", "00000009.ckpt"}


def test_a_run_that_diverges_fails_in_one_sentence(tmp_path):
    result = train(*SMALL, "optimizer.lr=1e30", "trainer.max_steps=8", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    *_, last = result.stderr.strip().splitlines()
    assert last.startswith("training failed: loss/")
    assert last.endswith("No checkpoint had been written. Try a smaller optimizer.lr or training.clip_norm")
    assert not (tmp_path / "checkpoints").exists()


def test_a_job_that_overflows_fails_in_one_sentence_and_the_others_go_on(tmp_path):
    result = train("-m", *SMALL, "optimizer.lr=1e-3,1e30", "trainer.max_steps=8", f"hydra.sweep.dir={tmp_path}")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    [failed] = tmp_path.glob("*1e*30*/error.txt")
    text = failed.read_text()
    assert text.startswith("training failed: loss/")
    assert text.endswith("Try a smaller optimizer.lr or training.clip_norm\n")
    assert text.count("\n") == 1
    assert "1 of 2 jobs finished" in result.stdout
    assert text.strip() in result.stdout
    assert not (failed.parent / "checkpoints").exists()
