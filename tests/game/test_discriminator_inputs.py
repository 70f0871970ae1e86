"""One pass of D over real and generated images together, against the reference: a pass over each."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from saddle.architecture import dcgan, mlp
from saddle.augmentation.diffaugment import DiffAugment
from saddle.game.adversarial_objective import AdversarialObjective, image_inputs
from saddle.game.discriminator_inputs import recording_features
from saddle.game.turn import Moment
from saddle.loss.non_saturating import NonSaturating
from saddle.loss.relativistic import Relativistic
from saddle.penalty.gradient_penalty import GradientPenalty
from saddle.penalty.r1 import R1
from saddle.penalty.r2 import R2

NETWORKS = {
    "mlp": lambda: mlp.Discriminator(8, 1, (5, 4)),
    "dcgan": lambda: dcgan.Discriminator(8, 1, (3, 4)),
    "packs": lambda: mlp.Discriminator(8, 1, (5,), packing=2),
    "labels": lambda: mlp.Discriminator(8, 1, (5,), conditional=True, classes=3),
    "labels beside the image": lambda: dcgan.Discriminator(
        8, 1, (3, 4), conditional=True, classes=3, condition="concatenation"
    ),
}
OBJECTIVES = {
    "plain": AdversarialObjective(NonSaturating()),
    "pairs": AdversarialObjective(Relativistic(), {"r1": R1(0.3), "r2": R2(0.7)}),
    "one at real images": AdversarialObjective(NonSaturating(), {"r1": R1(0.3), "gp": GradientPenalty(1.0)}),
    "one at generated images": AdversarialObjective(NonSaturating(), {"r2": R2(0.3)}),
}
BATCH = {
    "image": torch.randn(6, 1, 8, 8, dtype=torch.float64),
    "label": torch.tensor([0, 2, 1, 1, 0, 2]),
}
FAKE = torch.randn(6, 1, 8, 8, dtype=torch.float64)


def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
    return torch.linspace(0.1, 0.9, shape[0], dtype=torch.float64).view(-1, *[1] * (len(shape) - 1)).expand(shape)


MOMENT = Moment(0, 0, lambda purpose, shape: torch.zeros(shape), uniform)


def made(name: str, objective: AdversarialObjective):
    torch.manual_seed(1)
    network = NETWORKS[name]().double()
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return network, image_inputs(objective, {"discriminator": network}, BATCH, MOMENT, torch.zeros(6, 1), FAKE)


@pytest.mark.parametrize("kind", OBJECTIVES)
@pytest.mark.parametrize("name", NETWORKS)
def test_one_pass_gives_what_two_give(name, kind):
    objective = OBJECTIVES[kind]
    network, inputs = made(name, objective)
    assert inputs.together is not None
    passes = []
    network.register_forward_pre_hook(lambda module, inputs: passes.append(len(inputs[0])))
    objective.discriminator_loss(inputs, MOMENT)
    assert passes == ([12] if kind in ("plain", "pairs") else [6] * (3 if "gp" in objective.penalties else 2))
    played = [objective.discriminator_loss(s, MOMENT) for s in (inputs, replace(inputs, together=None))]
    ours, theirs = (
        torch.autograd.grad(sum(one.terms.values()), [*network.parameters()], allow_unused=True, materialize_grads=True)
        for one in played
    )
    assert any(gradient.abs().max() > 1e-3 for gradient in theirs)
    for part in ("terms", "observed"):
        torch.testing.assert_close(*(getattr(one, part) for one in played), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["plain", "pairs"])
def test_features_are_recorded_of_each_kind(kind):
    network, inputs = made("dcgan", OBJECTIVES[kind])
    found = []
    for one in (inputs, replace(inputs, together=None)):
        watched, features = recording_features(one, network.head)
        OBJECTIVES[kind].discriminator_loss(watched, MOMENT)
        found.append(features)
    assert found[0].keys() == {"real", "fake"}
    torch.testing.assert_close(found[0], found[1], rtol=1e-10, atol=1e-12)


def test_augmented_images_are_seen_by_kind():
    assert (
        made("mlp", AdversarialObjective(NonSaturating(), augmentations={"diffaugment": DiffAugment()}))[1].together
        is None
    )
