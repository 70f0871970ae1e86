"""The adversarial game of Goodfellow et al. 2014, algorithm 1 (arXiv 1406.2661), with any loss and penalties."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from saddle.bound import Count, NonNegative
from saddle.game.adversarial_objective import AdversarialObjective, generated, image_inputs
from saddle.game.discriminator_inputs import logits_and_input_gradients, recording_features
from saddle.game.encoding import precise
from saddle.game.networks import discriminator_of
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn
from saddle.layer.projection import ProjectionHead
from saddle.penalty.base import InputGradientPenalty, Term, WeightConstraint


@dataclass(frozen=True)
class Adversarial(Game):
    """D's turn, then G's, in each iteration; G plays in every `n_critic`-th iteration only.

    Both minimize the `objective` on images. Within an iteration both turns see the same real images and the same
    latent. Conditional networks get the labels of the real images, G included.

    With a `label_weight` D's logits also tell labels apart: -log P(y | x) of real images x with the label y, times the
    weight, joins D's loss, where P(y | x) is the softmax over all labels y' of D(x, y') (ECGAN: Chen et al. 2021,
    section 3, arXiv 2111.01035). So D learns at once what a label looks like; the adversarial loss alone tells it only
    whether an image is real under one label. G needs no such term: it raises D's logit under the label that it got. A
    discriminator that takes no labels in its last layer plays as without the weight.
    """

    objective: AdversarialObjective
    n_critic: Count = 1
    label_weight: NonNegative = 0.0

    needs = ("generator", "discriminator")
    plays = (InputGradientPenalty, WeightConstraint, Term)
    labels_by_default = True
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
        classifier = self._classifier(networks)
        if classifier is not None:
            inputs, features = recording_features(inputs, classifier)

        penalties = objective.due_gradient_penalties(moment.iteration)
        logits, gradients = logits_and_input_gradients(inputs, penalties, moment)

        loss = objective.loss.discriminator
        terms = {"adversarial": objective.mean_loss(loss, moment, logits["real"], logits["fake"])}
        for name, penalty in penalties.items():
            terms[name] = moment.scheduled_value(penalty.gain) * penalty.values(gradients[name]).mean()
        terms |= objective.discriminator_terms(inputs, logits, moment)
        if classifier is not None:
            guesses = precise(classifier.logits_of_all_labels(features["real"]))
            terms["labels"] = self.label_weight * cross_entropy(guesses, batch["label"])
        return Played(terms, objective.observed(inputs, logits))

    def _classifier(self, networks: Networks) -> ProjectionHead | None:
        """D's last layer, if it takes labels and shall tell them apart."""
        head = discriminator_of(networks).head if self.label_weight else None
        return head if isinstance(head, ProjectionHead) else None

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
