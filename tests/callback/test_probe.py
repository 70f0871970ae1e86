import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from helpers import Points, SmallDiscriminator, SmallGenerator, differences, fit, small_module
from saddle.architecture import base
from saddle.callback.probe import gradients, neighbors, separation
from saddle.data.ring import Ring
from saddle.game.adversarial import Adversarial
from saddle.game.adversarial_objective import AdversarialObjective
from saddle.loss.minimax import Minimax
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.wasserstein import Wasserstein
from saddle.penalty.mean_matching import MeanMatching


def test_separation_counts_pairs_and_ties_half():
    real, fake = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([0.0, 2.0])
    assert float(separation(real, fake)) == pytest.approx((3 + 0.5 + 1) / 6)
    assert float(separation(fake, real)) == pytest.approx(1 - 4.5 / 6)
    assert float(separation(real * 1e6 - 7, fake * 1e6 - 7)) == float(separation(real, fake))


def test_separation_looks_at_256_of_each():
    real = torch.cat([torch.ones(256), -torch.ones(500)])
    assert float(separation(real, torch.zeros(300))) == 1.0


class Frozen(base.Discriminator):
    """Linear, with what changes in training: batch norm, spectral norm and dropout."""

    classes = 0

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            spectral_norm(nn.Linear(4, 6)), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.Linear(6, 1), nn.Flatten(0)
        )

    @property
    def head(self):
        return self.layers[3]

    def forward(self, images):
        return self.layers(images.flatten(1))


def played(game, **changes):
    """A module after two iterations, and a batch for it."""
    module = small_module(game, **changes)
    fit(module, Points(batch_size=module.rows // module.accumulate, accumulate=module.accumulate), 2)
    images = Points(batch_size=module.rows).load()[0][: module.rows]
    return module, {"image": images.double() / 127.5 - 1}


@pytest.mark.parametrize("loss", [NonSaturating(), Minimax(), Wasserstein()])
def test_gradients_of_a_linear_discriminator_are_its_weights(loss):
    networks = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator()}
    module, batch = played(Adversarial(AdversarialObjective(loss, {"mean": MeanMatching(3.0)})), networks=networks)
    found = gradients(module, batch)
    slope = float(module.discriminator.linear.weight.detach().norm())
    assert found["input_gradient_real"] == pytest.approx(slope, rel=1e-9)
    assert found["input_gradient_fake"] == pytest.approx(slope, rel=1e-9)
    made = module.generator(module.moment(0).noise("latent", (8, 3)))
    logits = module.discriminator(made).detach().requires_grad_()
    loss.generator(logits, None).sum().backward()
    assert found["signal"] == pytest.approx(float(logits.grad.abs().mean()) * slope, rel=1e-9)  # no penalty in it


def test_gradients_of_a_discriminator_of_packs_are_by_the_pack():
    class Pairs(base.Discriminator):
        classes, packing = 0, 2

        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(8, 1)

        @property
        def head(self):
            return self.linear

        def forward(self, images):
            return self.linear(images.reshape(-1, 8)).squeeze(1)

    module, batch = played(
        Adversarial(AdversarialObjective(Wasserstein())),
        networks={"generator": SmallGenerator(), "discriminator": Pairs()},
    )
    slope = pytest.approx(float(module.discriminator.linear.weight.detach().norm()), rel=1e-9)
    found = gradients(module, batch)
    assert found == {"signal": slope, "input_gradient_real": slope, "input_gradient_fake": slope}


def test_accumulated_parts_are_measured_by_the_first():
    module, batch = played(Adversarial(AdversarialObjective(NonSaturating())), accumulate=3)
    first = gradients(module, batch)
    batch["image"][8:] = 0
    assert gradients(module, batch) == first
    batch["image"][:8] = 0
    assert gradients(module, batch)["input_gradient_real"] != first["input_gradient_real"]


def test_a_probe_changes_no_state_and_draws_no_numbers():
    networks = {"generator": SmallGenerator(), "discriminator": Frozen()}
    module, batch = played(Adversarial(AdversarialObjective(NonSaturating())), networks=networks)
    module.train()
    module.discriminator.layers[2].eval()  # an odd mode is given back, too
    modes = [part.training for part in module.modules()]
    before, random = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    gradient = [None if p.grad is None else p.grad.clone() for p in module.parameters()]
    gradients(module, batch)
    assert differences(before, module.state_dict()) == []
    assert torch.equal(random, torch.get_rng_state())
    assert [part.training for part in module.modules()] == modes
    assert differences(gradient, [p.grad for p in module.parameters()]) == []


def images(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 1, 8, 8), generator=generator, dtype=torch.uint8)


def test_samples_like_images_have_few_twins_and_neighbors_of_both_kinds():
    found = neighbors(images(256, 1), images(256, 2))
    assert (found["real_duplicates"], found["duplicates"]) == (0, 0)
    assert 0.4 < found["neighbors"] < 0.6


def test_repeated_samples_are_twins_and_stand_apart():
    found = neighbors(images(256, 1), images(4, 2).repeat(64, 1, 1, 1))
    assert found["duplicates"] == 1.0
    assert found["neighbors"] > 0.7  # samples know each other; images among themselves are as far as from samples
    half = neighbors(images(256, 1), torch.cat([images(128, 2), images(1, 3).repeat(128, 1, 1, 1)]))
    assert half["duplicates"] == pytest.approx(0.5, abs=0.03)


def test_data_that_repeats_itself_says_so():
    found = neighbors(images(8, 1).repeat(32, 1, 1, 1), images(8, 2).repeat(32, 1, 1, 1))
    assert found["real_duplicates"] == found["duplicates"] == 1.0


def test_large_images_are_compared_by_averages():
    large = images(64, 1).repeat_interleave(16, 2).repeat_interleave(16, 3)  # 128 x 128
    small = images(64, 1)
    others = images(64, 2)
    wide = others.repeat_interleave(16, 2).repeat_interleave(16, 3)
    assert neighbors(large, wide) == neighbors(small, others)


def test_points_have_neighbors_in_the_plane_however_narrow_their_modes():
    ring = Ring(batch_size=8, seed=0)
    real, good = ring.drawn(256, "a"), ring.drawn(256, "b")
    found = neighbors(real, good)
    assert found["duplicates"] < 0.05
    assert found["neighbors"] == pytest.approx(0.5, abs=0.1)
    collapsed = ring.modes[:1].float() + 1e-5 * torch.randn(256, 2)
    assert neighbors(real, collapsed)["duplicates"] > 0.95
    apart = neighbors(real, real * 0.5)
    assert apart["neighbors"] == 1.0
    assert apart["real_duplicates"] <= 1 / 64
