"""What is measured of a conditional generator is drawn in the data's shares of classes."""

import copy
import csv

import pytest
import torch
from torch import nn

from helpers import SMALL, SmallDiscriminator, checkpoint, default_metrics, differences, fit, small_module, train
from saddle.architecture import base
from saddle.architecture.mlp import Generator
from saddle.callback.curves import Curves
from saddle.callback.quality import FRECHET, Quality
from saddle.data.digits import Digits
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.non_saturating import NonSaturating
from saddle.run.finished import FinishedRun
from saddle.seed import hashed_seed
from saddle.training.checkpoint import read_checkpoint
from saddle.training.checkpoint_io import AtomicCheckpointIO
from saddle.training.class_labels import labels_in_turn
from saddle.training.sampling import all_labels, ready


class Dealer(base.Generator):
    """A perfect generator: real images, given as [-1, 1], of the classes that it is asked for, or of all."""

    latent_dim = 3

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, classes: int) -> None:
        super().__init__()
        self.classes, self.labels = classes, labels
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("images", images / 127.5 - 1, persistent=False)

    def forward(self, latent, labels=None):
        number = (torch.special.ndtr(latent[:, 0].double()) * (1 << 30)).long()
        if labels is None:
            return self.images[number % len(self.images)] + 0 * self.weight
        places = [(self.labels == label).nonzero()[:, 0] for label in range(self.classes)]
        chosen = [
            places[label][n % len(places[label])] for label, n in zip(labels.tolist(), number.tolist(), strict=True)
        ]
        return self.images[torch.stack(chosen)] + 0 * self.weight


class Discriminator(SmallDiscriminator):
    """D of images whose first four pixels it sees; it takes labels and does not look at them."""

    classes = 10

    def forward(self, images, labels=None):
        return super().forward(images.flatten(1)[:, :4])


class Unequal(Digits):
    """Every second digit, of which class k has a share of about 1/(k + 1); `others` are the rest, likewise."""

    def __init__(self) -> None:
        super().__init__(28, 1, 10, 8, 0)
        self.size = len(self.load()[0])

    def load(self):
        return self._part(0)

    def others(self):
        images, labels = self._part(1)
        return self.finished(images), labels

    def _part(self, first: int):
        images, labels = (values[first::2] for values in super().load())
        kept = [(labels == k).nonzero()[: 85 // (k + 1), 0] for k in range(10)]
        rows = torch.cat(kept)
        return images[rows], labels[rows]


def frechet(folder, classes: int) -> float:
    """metric/frechet of a dealer of other digits, as training measures it."""
    data = Unequal()
    networks = {"generator": Dealer(*data.others(), classes), "discriminator": Discriminator()}
    module = small_module(
        Adversarial(AdversarialObjective(NonSaturating())),
        networks=networks,
        label_shares=data.label_shares if classes else None,
    )
    folder.mkdir()
    quality = Quality(str(folder), default_metrics(), num=250, every_images=None, cache=None)
    fit(module, data, 1, [Curves(str(folder / "m.csv")), quality], log_every_n_steps=1, plugins=[AtomicCheckpointIO()])
    with (folder / "m.csv").open() as file:
        return float(list(csv.DictReader(file))[-1][FRECHET])


def test_a_perfect_conditional_generator_is_as_good_as_an_unconditional_one(tmp_path, monkeypatch):
    unconditional, conditional = frechet(tmp_path / "u", 0), frechet(tmp_path / "c", 10)
    assert conditional == pytest.approx(unconditional, rel=0.3)
    monkeypatch.setattr("saddle.training.sampling.labels_in_shares", lambda s, num: labels_in_turn(len(s), num))
    assert frechet(tmp_path / "equal", 10) > 2 * unconditional


def test_batch_statistics_are_taken_in_the_shares():
    generator = Generator(4, 1, latent_dim=5, hidden=(8,), normalization="none", conditional=True, classes=3)
    seen = []
    generator.layers.append(nn.BatchNorm1d(16))
    original = generator.forward

    def forward(latent, labels=None):
        seen.append(labels)
        return original(latent, labels)

    generator.forward = forward
    ready(generator, seed=0, shares=[0.75, 0.25, 0.0])
    assert (torch.bincount(torch.cat(seen), minlength=3) / 512).tolist() == pytest.approx([0.75, 0.25, 0.0], abs=0.01)
    for labels in seen:
        assert (labels == 0).double().mean() == pytest.approx(0.75, abs=0.02)
    seen.clear()
    ready(generator, seed=0)  # as of a checkpoint that does not hold the shares
    assert all(torch.equal(labels, torch.arange(128) % 3) for labels in seen)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    choices = ["architecture.conditional=true", "architecture.generator.normalization=batch", "data.limit=300"]
    result = train(*SMALL, *choices, f"hydra.run.dir={path}", "trainer.max_steps=4", "logger=none")
    assert result.returncode == 0, result.stderr
    return path


def test_an_opened_run_knows_the_shares_without_the_data(folder):
    run = FinishedRun.open(folder)
    labels = run.data.training()[1]
    assert run.label_shares == pytest.approx((torch.bincount(labels, minlength=10) / 300).tolist())
    assert checkpoint(folder)["saddle"]["label_shares"] == run.label_shares


def test_an_opened_generator_has_the_batch_statistics_of_training(folder):
    run = FinishedRun.open(folder)
    opened = copy.deepcopy(run.generator.state_dict())
    assert differences(opened, ready(run.generator, run.seed, run.label_shares).state_dict()) == []
    assert differences(opened, ready(run.generator, run.seed).state_dict()) != []  # equal shares


def test_evaluate_measures_samples_in_the_shares_as_training_did(folder, tmp_path):
    run = FinishedRun.open(folder)
    measured = run.evaluate(100, cache=str(tmp_path)).images
    seed = hashed_seed(run.seed, "quality")
    in_shares = all_labels(run.generator, 100, run.label_shares)
    assert torch.equal(measured, run.sample(100, labels=in_shares, seed=seed))
    assert not torch.equal(measured, run.sample(100, seed=seed))  # in turn


def test_samples_that_are_looked_at_keep_equal_shares(folder):
    run = FinishedRun.open(folder)
    in_turn = all_labels(run.generator, 30)
    assert in_turn.tolist() == [*range(10)] * 3
    assert torch.equal(run.sample(30), run.sample(30, labels=in_turn))


def test_a_checkpoint_of_an_earlier_version_uses_equal_shares(folder):
    run = FinishedRun.open(folder)
    run.label_shares = None
    assert all_labels(run.generator, 30, run.label_shares).tolist() == [*range(10)] * 3
    assert len(run.evaluate(100).images) == 100


@pytest.mark.parametrize("is_conditional", [True, False])
def test_a_best_checkpoint_that_was_chosen_by_equal_shares_is_not_compared(tmp_path, is_conditional):
    settings = [*SMALL, f"architecture.conditional={str(is_conditional).lower()}", "trainer.max_steps=2"]
    assert train(*settings, f"hydra.run.dir={tmp_path}", "callback.quality.cache=null").returncode == 0
    content = checkpoint(tmp_path)
    state = content["callbacks"]["Quality"]
    del state["basis"], content["saddle"]["label_shares"]
    state["best"] = -1.0  # as no later one can be
    AtomicCheckpointIO().save_checkpoint(content, tmp_path / "checkpoints" / "last.ckpt")
    result = train(f"resume={tmp_path}", "trainer.max_steps=4")
    assert result.returncode == 0, result.stderr
    assert ("warning: metric/frechet is measured otherwise than before" in result.stderr) == is_conditional
    assert (tmp_path / "checkpoints" / "best-until-2.ckpt").is_file() == is_conditional
    best = read_checkpoint(tmp_path / "checkpoints" / "best.ckpt")
    assert best["global_step"] == (4 if is_conditional else 2)
