"""The adversarial game of Goodfellow et al. 2014, algorithm 1 (arXiv 1406.2661), with any loss and penalties."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn

from saddle.augmentation.base import Augmentation
from saddle.bound import Count
from saddle.game.adversarial_objective import AdversarialObjective, Penalty, generated, image_inputs
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Term, WeightConstraint


@dataclass(frozen=True)
class Adversarial(Game):
    """D's turn, then G's, in each iteration; G's only every `n_critic` iterations.

    Both minimize an `AdversarialObjective` on images. Within an iteration both turns see the same real images and the
    same latent. Where the networks are conditional, generated images are asked for with the labels of the real ones.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    n_critic: Count = 1
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)

    needs = ("generator", "discriminator")
    plays = (InputGradientPenalty, WeightConstraint, Term)
    packs = True

    @property
    def objective(self) -> AdversarialObjective:
        return AdversarialObjective(self.loss, self.penalties, self.augmentations)

    def turns(self) -> tuple[Turn, ...]:
        objective = self.objective
        after = objective.observe if self.state() else None
        return (
            Turn("discriminator", ("discriminator",), self.discriminator_loss, 1, objective.constraints, after),
            Turn("generator", ("generator",), self.generator_loss, every=self.n_critic),
        )

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss on real images and on fresh generated ones."""
        with torch.no_grad():
            latent, fake = generated(networks["generator"], batch, moment)
        scene = image_inputs(self.objective, networks, batch, moment, latent, fake)
        return self.objective.discriminator_loss(scene, moment)

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """G's loss; D's weights are read, not trained."""
        latent, fake = generated(networks["generator"], batch, moment)
        scene = image_inputs(self.objective, networks, batch, moment, latent, fake)
        return self.objective.generator_loss(scene, moment, moment.iteration // self.n_critic)
