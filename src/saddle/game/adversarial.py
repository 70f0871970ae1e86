"""The adversarial game of Goodfellow et al. 2014, algorithm 1 (arXiv 1406.2661), with any loss and penalties."""

from dataclasses import dataclass

import torch
from torch import nn

from saddle.bound import Count
from saddle.game.adversarial_objective import AdversarialObjective, generated, image_inputs
from saddle.game.discriminator_inputs import logits_and_input_gradients
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn
from saddle.penalty.base import InputGradientPenalty, Term, WeightConstraint


@dataclass(frozen=True)
class Adversarial(Game):
    """D's turn, then G's, in each iteration; G plays in every `n_critic`-th iteration only.

    Both minimize the `objective` on images. Within an iteration both turns see the same real images and the same
    latent. Conditional networks get the labels of the real images, G included.
    """

    objective: AdversarialObjective
    n_critic: Count = 1

    needs = ("generator", "discriminator")
    plays = (InputGradientPenalty, WeightConstraint, Term)
    packs = True

    def turns(self) -> tuple[Turn, ...]:
        constraints, after = self.objective.constraints, self.objective.after_step
        return (
            Turn("discriminator", ("discriminator",), self.discriminator_loss, 1, constraints, after),
            Turn("generator", ("generator",), self.generator_loss, every=self.n_critic),
        )

    def period(self) -> int:
        return self.objective.period(self.n_critic)

    def state(self) -> dict[str, nn.Module]:
        return self.objective.state()

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """D's loss on real images and on fresh generated ones, the gradient penalties, and D's share of the terms."""
        objective = self.objective
        with torch.no_grad():
            latent, fake = generated(networks, batch, moment)
        inputs = image_inputs(objective, networks, batch, moment, latent, fake)

        penalties = objective.due_gradient_penalties(moment.iteration)
        logits, gradients = logits_and_input_gradients(inputs, penalties, moment)

        loss = objective.loss.discriminator
        terms = {"adversarial": objective.mean_loss(loss, moment, logits["real"], logits["fake"])}
        for name, penalty in penalties.items():
            terms[name] = moment.scheduled_value(penalty.gain) * penalty.values(gradients[name]).mean()
        terms |= objective.discriminator_terms(inputs, logits, moment)
        return Played(terms, objective.observed(inputs, logits))

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """G's loss through D, whose weights are not trained here, and G's share of the terms."""
        objective = self.objective
        latent, fake = generated(networks, batch, moment)
        inputs = image_inputs(objective, networks, batch, moment, latent, fake)

        logits = {"fake": inputs.logits("fake", fake)}
        compared = [logits["fake"]]
        if objective.loss.generator_needs_real:
            with torch.no_grad():
                compared.append(inputs.logits("real", batch["image"]))

        terms = {"adversarial": objective.mean_loss(objective.loss.generator, moment, *compared)}
        terms |= objective.generator_terms(inputs, logits, moment, turn=moment.iteration // self.n_critic)
        return Played(terms, {"fake": logits["fake"].detach()})
