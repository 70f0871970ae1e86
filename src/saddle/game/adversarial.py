"""The adversarial game of Goodfellow et al. 2014, algorithm 1 (arXiv 1406.2661), with any loss and penalties."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from saddle.bound import Count
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, given
from saddle.loss.base import Loss, check_logits
from saddle.penalty.base import GeneratorPenalty, InputGradientPenalty, WeightConstraint, logits_and_input_gradient

Penalty = InputGradientPenalty | WeightConstraint | GeneratorPenalty


@dataclass(frozen=True)
class Adversarial(Game):
    """D's turn, then G's, in each iteration; G's only every `n_critic` iterations.

    D minimises the loss's discriminator objective plus the input-gradient penalties, after which weight constraints
    hold. G minimises the loss's generator objective plus the penalties on what it generates. Within an iteration both
    turns see the same real images and the same latent. Where the networks are conditional, generated images are asked
    for with the labels of the real ones.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    n_critic: Count = 1

    needs = ("generator", "discriminator")

    def turns(self) -> tuple[Turn, ...]:
        constraints = tuple(self._of_kind(WeightConstraint).values())
        return (
            Turn("discriminator", ("discriminator",), self.discriminator_loss, constraints=constraints),
            Turn("generator", ("generator",), self.generator_loss, every=self.n_critic),
        )

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """Adversarial term and input-gradient penalties of D, on real images and on fresh generated ones."""
        discriminator, real = given(networks["discriminator"], batch), batch["image"]
        with torch.no_grad():
            fake = self._generate(networks, batch, moment)
        due = {name: p for name, p in self._of_kind(InputGradientPenalty).items() if p.due(moment.iteration)}
        gradients: dict[str, Tensor] = {}
        logits = {
            "real": self._logits(discriminator, real, "real", due, gradients),
            "fake": self._logits(discriminator, fake, "fake", due, gradients),
        }
        terms = {"adversarial": self.loss.discriminator(logits["real"], logits["fake"]).mean()}
        for name, penalty in due.items():
            if penalty.at == "between":
                points = penalty.points(real, fake, moment.uniform)
                _, gradients[name] = logits_and_input_gradient(discriminator, points, penalty.precision)
            terms[name] = penalty.gain * penalty.values(gradients[name]).mean()
        return Played(terms, {name: value.detach() for name, value in logits.items()})

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """Adversarial term and penalties of G; D's weights are read, not trained."""
        discriminator, real = given(networks["discriminator"], batch), batch["image"]
        fake = self._generate(networks, batch, moment)
        fake_logits = check_logits(discriminator(fake), len(fake))
        real_logits = None
        if self.loss.generator_needs_real:
            real_logits = check_logits(discriminator(real), len(real))
        terms = {"adversarial": self.loss.generator(fake_logits, real_logits).mean()}
        for name, penalty in self._of_kind(GeneratorPenalty).items():
            if penalty.weight > 0:
                terms[name] = penalty.weight * penalty.value(real, fake)
        return Played(terms, {"fake": fake_logits.detach()})

    def _of_kind(self, kind: type) -> dict[str, Penalty]:
        return {name: penalty for name, penalty in self.penalties.items() if isinstance(penalty, kind)}

    @staticmethod
    def _generate(networks: Networks, batch: Batch, moment: Moment) -> Tensor:
        generator = networks["generator"]
        latent = moment.noise("latent", (len(batch["image"]), generator.latent_dim))
        return given(generator, batch)(latent)

    @staticmethod
    def _logits(
        discriminator: Callable[[Tensor], Tensor],
        images: Tensor,
        at: str,
        due: Mapping[str, InputGradientPenalty],
        gradients: dict[str, Tensor],
    ) -> Tensor:
        """D's logits on `images`; where a penalty is due there, its input gradient from the same pass of D."""
        here = [name for name, penalty in due.items() if penalty.at == at]
        if not here:
            return check_logits(discriminator(images), len(images))
        precision = "32" if any(due[name].precision == "32" for name in here) else "inherit"
        logits, gradient = logits_and_input_gradient(discriminator, images, precision)
        gradients.update(dict.fromkeys(here, gradient))
        return check_logits(logits, len(images))
