"""Packs (PacGAN) in an objective: everything is compared with packs that are joined by hand."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from saddle.architecture import base, dcgan, mlp, points
from saddle.augmentation.ada import ADA
from saddle.augmentation.flip_shift import FlipShift
from saddle.game.adversarial_objective import AdversarialObjective, image_inputs
from saddle.game.turn import Moment
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.loss.relativistic_average import RelativisticAverage
from saddle.penalty.balanced_consistency import BalancedConsistency
from saddle.penalty.dragan import Dragan
from saddle.penalty.feature_matching import FeatureMatching
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.latent_consistency import LatentConsistency
from saddle.penalty.lecam import LeCam
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2

PACKING, ROWS = 3, 6
MADE: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], Callable[[nn.Module, Tensor], Tensor]]] = {
    "points": (
        lambda: points.Discriminator(0.3, (16, 16), "relu", packing=PACKING),
        (2,),
        lambda network, packs: network.layers(packs / 0.3),
    ),
    "mlp": (
        lambda: mlp.Discriminator(8, 2, (5, 4), "leaky_relu", packing=PACKING),
        (2, 8, 8),
        lambda network, packs: network.layers(packs.flatten(1)),
    ),
    "dcgan": (
        lambda: dcgan.Discriminator(8, 2, (3, 4), hidden=5, packing=PACKING),
        (2, 8, 8),
        lambda network, packs: network.layers(packs),
    ),
}


def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(len(purpose)), dtype=torch.float64)


def drawn(*shape: int) -> Tensor:
    return torch.randn(ROWS, *shape, generator=torch.Generator().manual_seed(len(shape)), dtype=torch.float64)


class Copies(base.Generator):
    """A generator that gives `images`, moved by the first latent number."""

    classes, latent_dim = 0, 2

    def __init__(self, images: Tensor) -> None:
        super().__init__()
        self.images = nn.Parameter(images)

    def forward(self, latent: Tensor) -> Tensor:
        return self.images + latent[:, 0].view(-1, *[1] * (self.images.dim() - 1))


class Played:
    """An objective on one network, beside the same network on packs that are joined here."""

    def __init__(self, name: str, loss, penalties=(), augmentations=()) -> None:
        make, shape, by_hand = MADE[name]
        torch.manual_seed(3)
        self.network = make().double()
        for weight in self.network.parameters():
            nn.init.normal_(weight, std=0.4)  # what begins near 0 would be equal to anything
        self.real, start = drawn(*shape), drawn(*shape).flip(0) * 0.7 + 0.2
        self.latent = drawn(2)
        self.generator = Copies(start).double()
        self.fake = self.generator(self.latent)
        self.judge = lambda packs: by_hand(self.network, packs).squeeze(1)
        self.objective = AdversarialObjective(loss, dict(enumerated(penalties)), dict(enumerated(augmentations)))
        self.moment = Moment(0, 0, lambda purpose, shape: 0.3 * drawn(*shape[1:]), uniform)
        networks = {"generator": self.generator, "discriminator": self.network}
        self.inputs = [
            image_inputs(self.objective, networks, {"image": self.real}, self.moment, self.latent, fake)
            for fake in (self.fake.detach(), self.fake)
        ]

    def terms(self) -> dict[str, Tensor]:
        """Those of D."""
        return self.objective.discriminator_loss(self.inputs[0], self.moment).terms

    def generator_terms(self) -> dict[str, Tensor]:
        return self.objective.generator_loss(self.inputs[1], self.moment, 0).terms

    def logits(self) -> tuple[Tensor, Tensor]:
        return self.judge(joined(self.real)), self.judge(joined(self.fake.detach()))

    def slopes(self, inputs: Tensor) -> Tensor:
        """The gradient of each pack's logit by the pack, (M, ...), pack by pack."""
        rows = []
        for pack in joined(inputs.detach()):
            pack = pack[None].requires_grad_()
            rows.append(torch.autograd.grad(self.judge(pack).sum(), pack, create_graph=True)[0])
        return torch.cat(rows)


def enumerated(parts):
    return ((str(number), part) for number, part in enumerate(parts))


def joined(inputs: Tensor) -> Tensor:
    """Packs of three neighbors, joined along channels: (N, C, ...) to (N / 3, 3 C, ...)."""
    return torch.stack([torch.cat([inputs[i], inputs[i + 1], inputs[i + 2]]) for i in range(0, len(inputs), 3)])


def check_equal(found: Tensor, expected: Tensor, network: nn.Module) -> None:
    """The same value and the same gradient by all of D's weights."""
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)
    ours, theirs = (
        torch.autograd.grad(value, [*network.parameters()], allow_unused=True, materialize_grads=True)
        for value in (found, expected)
    )
    assert any(gradient.abs().sum() > 1e-6 for gradient in theirs)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", MADE)
def test_an_objective_is_that_of_packs(name):
    played = Played(name, NonSaturating())
    real, fake = played.logits()
    assert real.shape == (2,)
    check_equal(played.terms()["adversarial"], (softplus(-real) + softplus(fake)).mean(), played.network)
    played = Played(name, Relativistic())
    real, fake = played.logits()
    check_equal(played.terms()["adversarial"], softplus(fake - real).mean(), played.network)
    played = Played(name, RelativisticAverage("least_squares"))
    real, fake = played.logits()
    expected = (real - fake.mean() - 1).square() + (fake - real.mean() + 1).square()
    check_equal(played.terms()["adversarial"], expected.mean(), played.network)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(
    "penalty", [R1(0.5), R2(2.0), GradientPenalty(10.0), Dragan(3.0)], ids=lambda p: type(p).__name__
)
def test_a_penalty_is_on_the_gradient_of_a_packs_logit_by_the_whole_pack(name, penalty):
    played = Played(name, NonSaturating(), [penalty])
    real, fake = played.real, played.fake.detach()
    if penalty.at == "between":
        share = uniform("gradient_penalty", (ROWS,))[::PACKING].repeat_interleave(PACKING)
        share = share.view(-1, *[1] * (real.dim() - 1))
        moved = (
            real + penalty.deviation * played.moment.noise("dragan", real.shape) if isinstance(penalty, Dragan) else 0
        )
        where = moved if isinstance(penalty, Dragan) else share * real + (1 - share) * fake
        norms = (played.slopes(where).flatten(1).square().sum(1) + 1e-12).sqrt()
        expected = penalty.weight * (norms - 1).square().mean()
    else:
        slopes = played.slopes(real if penalty.at == "real" else fake)
        expected = penalty.weight * slopes.flatten(1).square().sum(1).mean()
    assert len(played.slopes(real)) == ROWS // PACKING
    check_equal(played.terms()["0"], expected, played.network)


@pytest.mark.parametrize("name", MADE)
def test_lecam_remembers_the_logits_of_packs(name):
    lecam = LeCam(0.7)
    lecam.state.double()
    lecam.observe(torch.full((2,), 0.4, dtype=torch.float64), torch.full((2,), -0.3, dtype=torch.float64))
    played = Played(name, NonSaturating(), [lecam])
    real, fake = played.logits()
    expected = 0.7 * ((real + 0.3).square().mean() + (fake - 0.4).square().mean())
    check_equal(played.terms()["0"], expected, played.network)


@pytest.mark.parametrize("name", ["mlp", "dcgan"])
def test_balanced_consistency_changes_each_image_of_a_pack(name):
    term = BalancedConsistency(2.0, fake_share=0.5, shift_pixels=2, flip=True)
    played = Played(name, NonSaturating(), [term])
    expected = 0.0
    for kind, images, share in (("real", played.real, 1.0), ("fake", played.fake.detach(), 0.5)):
        changed = FlipShift(True, 2)(
            images, lambda what, size, k=kind: uniform(f"balanced_consistency.{k}.{what}", size)
        )
        assert (changed != images).flatten(1).any(1).sum() >= 4
        difference = played.judge(joined(images)) - played.judge(joined(changed))
        expected = expected + 2.0 * share * difference.square().mean()
    check_equal(played.terms()["0"], expected, played.network)


@pytest.mark.parametrize("name", MADE)
def test_latent_consistency_compares_packs_of_moved_latents(name):
    played = Played(name, NonSaturating(), [LatentConsistency(2.0, deviation=0.5)])
    moved = played.generator(played.latent + 0.5 * 0.3 * drawn(2)).detach()
    difference = played.judge(joined(played.fake.detach())) - played.judge(joined(moved))
    check_equal(played.terms()["0"], 2.0 * difference.square().mean(), played.network)


@pytest.mark.parametrize("name", MADE)
def test_g_is_told_by_packs_and_matches_their_features(name):
    played = Played(name, NonSaturating(), [FeatureMatching(1.5)])
    inside = nn.Sequential(*list(played.network.layers)[:-1])
    flat = {"points": lambda packs: packs / 0.3, "mlp": lambda packs: packs.flatten(1), "dcgan": lambda packs: packs}
    seen = [inside(flat[name](joined(images))) for images in (played.real, played.fake)]
    assert seen[0].shape == (2, played.network.features)
    terms = played.generator_terms()
    expected = softplus(-played.judge(joined(played.fake))).mean()
    gap = 1.5 * (seen[0].detach().mean(0) - seen[1].mean(0)).square().sum()
    for found, wanted in ((terms["adversarial"], expected), (terms["0"], gap)):
        torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-12)
        ours, theirs = (
            torch.autograd.grad(value, played.generator.images, retain_graph=True)[0] for value in (found, wanted)
        )
        assert theirs.abs().sum() > 1e-6
        torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-11)


def test_ada_counts_images_and_not_packs():
    ada = ADA(every_iterations=1, speed_images=100)
    played = Played("mlp", NonSaturating(), augmentations=[ada])
    observed = played.objective.discriminator_loss(played.inputs[0], played.moment).observed
    assert observed["real"].shape == (2,)
    assert observed["images"].tolist() == [ROWS]
    torch.nn.init.constant_(played.network.head.bias, 100.0)  # all signs are 1, above the target
    for _ in range(3):
        played.objective.observe(played.objective.discriminator_loss(played.inputs[0], played.moment).observed)
    assert ada.r_t == 1
    assert ada.p.item() == pytest.approx(3 * ROWS / 100)
    assert (
        "images"
        not in Played("mlp", NonSaturating())
        .objective.discriminator_loss(Played("mlp", NonSaturating()).inputs[0], played.moment)
        .observed
    )
