"""The adversarial game of Goodfellow et al. 2014, algorithm 1 (arXiv 1406.2661), with any loss and penalties."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation, Uniform
from saddle.bound import Count
from saddle.game.turn import Batch, Game, Moment, Networks, Played, Turn, given, input_of
from saddle.loss.base import Loss, check_logits
from saddle.penalty.base import InputGradientPenalty, Term, View, WeightConstraint, logits_and_input_gradient

Penalty = InputGradientPenalty | WeightConstraint | Term
Discriminator = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Adversarial(Game):
    """D's turn, then G's, in each iteration; G's only every `n_critic` iterations.

    D minimises the loss's discriminator objective plus the input-gradient penalties and its share of the terms, after
    which weight constraints hold. G minimises the loss's generator objective plus its share of the terms. Within an
    iteration both turns see the same real images and the same latent. Where the networks are conditional, generated
    images are asked for with the labels of the real ones. D sees every image through the `augmentations`, one after the
    other; numbers of their own are drawn for real images, generated ones, and points between.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    n_critic: Count = 1
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)

    needs = ("generator", "discriminator")

    def turns(self) -> tuple[Turn, ...]:
        constraints = tuple(self._of_kind(WeightConstraint).values())
        after = self.observe if self.state() else None
        return (
            Turn("discriminator", ("discriminator",), self.discriminator_loss, 1, constraints, after),
            Turn("generator", ("generator",), self.generator_loss, every=self.n_critic),
        )

    def state(self) -> dict[str, nn.Module]:
        parts = {name: term.state for name, term in self._of_kind(Term).items()} | {**self.augmentations}
        return {name: part for name, part in parts.items() if part is not None and any(True for _ in part.buffers())}

    def observe(self, observed: Mapping[str, Tensor]) -> None:
        """Tell what remembers D's logits on the real and generated images of the iteration, after D's step."""
        for term in self._of_kind(Term).values():
            term.observe(observed["real"], observed["fake"])
        for augmentation in self.augmentations.values():
            augmentation.observe(observed["real"], len(observed["real"]))

    def discriminator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """Adversarial term, input-gradient penalties and terms of D, on real images and on fresh generated ones."""
        discriminator, real = self._discriminator(networks, batch, moment), batch["image"]
        with torch.no_grad():
            latent, fake = self._generate(networks, batch, moment)
        due = {name: p for name, p in self._of_kind(InputGradientPenalty).items() if p.due(moment.iteration)}
        gradients: dict[str, Tensor] = {}
        logits = {
            "real": self._logits(discriminator("real"), real, "real", due, gradients),
            "fake": self._logits(discriminator("fake"), fake, "fake", due, gradients),
        }
        terms = {"adversarial": self._adversarial(self.loss.discriminator, moment, logits["real"], logits["fake"])}
        for name, penalty in due.items():
            if penalty.at == "between":
                points = penalty.points(real, fake, moment)
                _, gradients[name] = logits_and_input_gradient(discriminator("between"), points, penalty.precision)
            terms[name] = penalty.gain(moment.images) * penalty.values(gradients[name]).mean()
        view = self._view(networks, batch, moment, fake, latent, logits)
        for name, term in self._terms(moment.iteration).items():
            _add(terms, name, term, term.discriminator(view), moment)
        return Played(terms, {name: value.detach() for name, value in logits.items()})

    def generator_loss(self, networks: Networks, batch: Batch, moment: Moment) -> Played:
        """Adversarial term and terms of G; D's weights are read, not trained."""
        discriminator, real = self._discriminator(networks, batch, moment), batch["image"]
        latent, fake = self._generate(networks, batch, moment)
        logits = {"fake": check_logits(discriminator("fake")(fake), len(fake))}
        compared = [logits["fake"]]
        if self.loss.generator_needs_real:
            with torch.no_grad():
                compared.append(check_logits(discriminator("real")(real), len(real)))
        terms = {"adversarial": self._adversarial(self.loss.generator, moment, *compared)}
        view = self._view(networks, batch, moment, fake, latent, logits)
        for name, term in self._terms(moment.iteration // self.n_critic).items():  # G counts its own turns
            _add(terms, name, term, term.generator(view), moment)
        return Played(terms, {"fake": logits["fake"].detach()})

    def _of_kind(self, kind: type) -> dict[str, Penalty]:
        return {name: penalty for name, penalty in self.penalties.items() if isinstance(penalty, kind)}

    def _terms(self, turn: int) -> dict[str, Term]:
        """Those that are due in a player's turn number `turn`, from 0."""
        return {name: term for name, term in self._of_kind(Term).items() if term.due(turn)}

    def _adversarial(self, objective: Callable[..., Tensor], moment: Moment, *logits: Tensor) -> Tensor:
        """The mean of a loss's objective; over the logits of all ranks where a value depends on the whole batch."""
        if self.loss.over_batch:
            logits = tuple(moment.gather(values) for values in logits)
        return objective(*logits).mean()

    def _discriminator(self, networks: Networks, batch: Batch, moment: Moment) -> Callable[[str], Discriminator]:
        """For "real", "fake" or "between" images, D as it sees them."""
        seen = given(networks["discriminator"], batch)

        def of(kind: str) -> Discriminator:
            if not self.augmentations:
                return seen

            def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
                return moment.uniform(f"{kind}.{purpose}", shape)

            return lambda images: seen(self._augmented(images, uniform))

        return of

    def _augmented(self, images: Tensor, uniform: Uniform) -> Tensor:
        for augmentation in self.augmentations.values():
            images = augmentation(images, uniform)
        return images

    def _view(
        self,
        networks: Networks,
        batch: Batch,
        moment: Moment,
        fake: Tensor,
        latent: Tensor,
        logits: Mapping[str, Tensor],
    ) -> View:
        discriminator = self._discriminator(networks, batch, moment)
        return View(
            networks=networks,
            real=batch["image"],
            fake=fake,
            latent=latent,
            logits=logits,
            discriminate=lambda images, kind: check_logits(discriminator(kind)(images), len(images)),
            features=lambda images, kind: input_of(networks["discriminator"].head, lambda: discriminator(kind)(images)),
            generate=given(networks["generator"], batch),
            chance=moment,
        )

    @staticmethod
    def _generate(networks: Networks, batch: Batch, moment: Moment) -> tuple[Tensor, Tensor]:
        """A latent (N, latent_dim) and the images that G makes of it."""
        generator = networks["generator"]
        latent = moment.noise("latent", (len(batch["image"]), generator.latent_dim))
        return latent, given(generator, batch)(latent)

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


def _add(terms: dict[str, Tensor], name: str, term: Term, value: Tensor | None, moment: Moment) -> None:
    if value is not None:
        terms[name] = term.gain(moment.images) * value
