"""What a discriminator and its opponent minimize: a loss, penalties and augmentations.

`saddle.game.adversarial` spells out both turns with the pieces of this file. Games that add terms of their own use
`AdversarialObjective.discriminator_loss` and `generator_loss`, which are the same steps; a test holds them equal.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddle.augmentation.base import Augmentation
from saddle.game.discriminator_inputs import DiscriminatorInputs, LogitFunction, logits_and_input_gradients
from saddle.game.networks import discriminator_of, generator_of, input_to, with_labels
from saddle.game.turn import Batch, Game, Moment, Networks, Played
from saddle.layer.per_sample import is_per_sample
from saddle.loss.base import Loss
from saddle.penalty.base import InputGradientPenalty, Term, TermInputs, WeightConstraint, Weighted

Penalty = InputGradientPenalty | WeightConstraint | Term


@dataclass(frozen=True)
class AdversarialObjective:
    """A loss, penalties and augmentations, for one discriminator and its opponent.

    D minimizes the loss's discriminator objective, the input-gradient penalties and its share of the terms; after its
    step the weight constraints hold. The opponent minimizes the generator objective and its share of the terms. D sees
    every image through the `augmentations`, one after the other; real images, generated ones and points between them
    are augmented with random numbers of their own.
    """

    loss: Loss
    penalties: Mapping[str, Penalty] = field(default_factory=dict)
    augmentations: Mapping[str, Augmentation] = field(default_factory=dict)

    # the parts

    @property
    def active_penalties(self) -> dict[str, Penalty]:
        """The penalties without those whose weight is 0, by name."""
        active: dict[str, Penalty] = {}
        for name, penalty in self.penalties.items():
            if not isinstance(penalty, Weighted) or penalty.weight > 0:
                active[name] = penalty
        return active

    @property
    def constraints(self) -> tuple[WeightConstraint, ...]:
        """What holds of D's weights after its step."""
        return tuple(penalty for penalty in self.penalties.values() if isinstance(penalty, WeightConstraint))

    def due_gradient_penalties(self, iteration: int) -> dict[str, InputGradientPenalty]:
        """Penalties on D's input gradient that are evaluated in `iteration` (from 0), by name."""
        due = {}
        for name, penalty in self.penalties.items():
            if isinstance(penalty, InputGradientPenalty) and penalty.due(iteration):
                due[name] = penalty
        return due

    def due_terms(self, turn: int) -> dict[str, Term]:
        """Terms that are evaluated in a player's turn number `turn` (from 0), by name."""
        return {name: term for name, term in self._terms().items() if term.due(turn)}

    def period(self, every: int = 1) -> int:
        """After how many iterations the same penalties and terms are due again.

        `every` is the number of iterations from one turn of the opponent to the next: its terms count its own turns.
        """
        period = 1
        for penalty in self.penalties.values():
            if not isinstance(penalty, WeightConstraint):
                period = math.lcm(period, penalty.every_iterations)
        return every * period

    # state

    def state(self) -> dict[str, nn.Module]:
        """The state of terms and augmentations that remember something, by name."""
        parts: dict[str, nn.Module] = {}
        for name, term in self._terms().items():
            if term.state is not None:
                parts[name] = term.state
        parts.update(self.augmentations)
        return {name: part for name, part in parts.items() if len(list(part.buffers()))}

    @property
    def after_step(self) -> Callable[[Mapping[str, Tensor]], None] | None:
        """What follows D's step: `observe`, or None if nothing remembers anything."""
        return self.observe if self.state() else None

    def observe(self, observed: Mapping[str, Tensor]) -> None:
        """Update the state from what D's turn `observed`: its logits on real and generated images of all ranks."""
        for term in self._terms().values():
            term.observe(observed["real"], observed["fake"])
        for augmentation in self.augmentations.values():
            augmentation.observe(observed["real"], observed["images"].sum())

    def observed(self, inputs: DiscriminatorInputs, logits: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What D's turn reports: detached logits by kind and, for augmentations, the number of images."""
        report = {"real": logits["real"].detach(), "fake": logits["fake"].detach()}
        if self.augmentations:  # there may be fewer logits (packs), or more (patches)
            report["images"] = torch.full((1,), len(inputs.real), device=inputs.real.device)
        return report

    # the pieces of a turn

    def augmented(self, images: Tensor, kind: str, moment: Moment) -> Tensor:
        """`images` of one kind as D sees them."""

        def uniform(purpose: str, shape: tuple[int, ...]) -> Tensor:
            return moment.uniform(f"{kind}.{purpose}", shape)

        for augmentation in self.augmentations.values():
            images = augmentation(images, uniform)
        return images

    def behind_augmentations(self, discriminator: LogitFunction, moment: Moment) -> Callable[[str], LogitFunction]:
        """`discriminator` as a function of images that are not augmented yet, by kind of image."""
        return lambda kind: lambda images: discriminator(self.augmented(images, kind, moment))

    def mean_loss(self, function: Callable[..., Tensor], moment: Moment, *logits: Tensor) -> Tensor:
        """The mean of one of the loss's functions; it gets the logits of all ranks if it compares them."""
        if self.loss.over_batch:
            logits = tuple(moment.gather(values) for values in logits)
        return function(*logits).mean()

    def discriminator_terms(
        self, inputs: DiscriminatorInputs, logits: Mapping[str, Tensor], moment: Moment
    ) -> dict[str, Tensor]:
        """D's share of the terms that are due, weighted scalars by name."""
        return self._weighted_terms(inputs, logits, moment, moment.iteration, lambda term: term.discriminator)

    def generator_terms(
        self, inputs: DiscriminatorInputs, logits: Mapping[str, Tensor], moment: Moment, turn: int
    ) -> dict[str, Tensor]:
        """The opponent's share of the terms that are due in its turn number `turn` (from 0), weighted scalars."""
        return self._weighted_terms(inputs, logits, moment, turn, lambda term: term.generator)

    # whole turns, for games that add something to them

    def discriminator_loss(self, inputs: DiscriminatorInputs, moment: Moment) -> Played:
        """D's turn of `saddle.game.adversarial` on any `inputs`."""
        penalties = self.due_gradient_penalties(moment.iteration)
        logits, gradients = logits_and_input_gradients(inputs, penalties, moment)
        terms = {"adversarial": self.mean_loss(self.loss.discriminator, moment, logits["real"], logits["fake"])}
        for name, penalty in penalties.items():
            terms[name] = moment.scheduled_value(penalty.gain) * penalty.values(gradients[name]).mean()
        terms |= self.discriminator_terms(inputs, logits, moment)
        return Played(terms, self.observed(inputs, logits))

    def generator_loss(self, inputs: DiscriminatorInputs, moment: Moment, turn: int) -> Played:
        """G's turn number `turn` (from 0) of `saddle.game.adversarial` on any `inputs`; D is not trained."""
        logits = {"fake": inputs.logits("fake", inputs.fake)}
        compared = [logits["fake"]]
        if self.loss.generator_needs_real:
            with torch.no_grad():
                compared.append(inputs.logits("real", inputs.real))
        terms = {"adversarial": self.mean_loss(self.loss.generator, moment, *compared)}
        terms |= self.generator_terms(inputs, logits, moment, turn)
        return Played(terms, {"fake": logits["fake"].detach()})

    def opponents_loss(self, inputs: DiscriminatorInputs, moment: Moment) -> Played:
        """The turn of opponents that make something of both kinds of inputs (`Loss.opponent`); D is not trained."""
        real, fake = inputs.logits("real", inputs.real), inputs.logits("fake", inputs.fake)
        terms = {"adversarial": self.mean_loss(self.loss.opponent, moment, real, fake)}
        return Played(terms, {"real": real.detach(), "fake": fake.detach()})

    def _terms(self) -> dict[str, Term]:
        return {name: penalty for name, penalty in self.penalties.items() if isinstance(penalty, Term)}

    def _weighted_terms(
        self,
        inputs: DiscriminatorInputs,
        logits: Mapping[str, Tensor],
        moment: Moment,
        turn: int,
        player: Callable[[Term], Callable[[TermInputs], Tensor | None]],
    ) -> dict[str, Tensor]:
        """The terms that are due in turn number `turn`, weighted scalars by name; `player` picks D's share or G's."""
        terms: dict[str, Tensor] = {}
        for name, term in self.due_terms(turn).items():
            assert inputs.term_inputs is not None, "a game says in `plays` whether it plays terms"
            value = player(term)(inputs.term_inputs(logits))
            if value is not None:
                terms[name] = moment.scheduled_value(term.gain) * value
        return terms


def objective_of(game: Game) -> AdversarialObjective | None:
    """The adversarial objective that a game minimizes; None if it has none."""
    return getattr(game, "objective", None)


def generated(networks: Networks, batch: Batch, moment: Moment) -> tuple[Tensor, Tensor]:
    """A latent (N, latent_dim) and the images (N, C, H, W) that G makes of it, as many as the batch has.

    A conditional G gets the batch's labels. Both are the same in all turns of an iteration, until G is trained.
    """
    generator = generator_of(networks)
    latent = moment.noise("latent", (len(batch["image"]), generator.latent_dim))
    return latent, moment.cached(generator, lambda: with_labels(generator, batch)(latent))


def image_inputs(
    objective: AdversarialObjective, networks: Networks, batch: Batch, moment: Moment, latent: Tensor, fake: Tensor
) -> DiscriminatorInputs:
    """The network "discriminator" behind augmentations, the batch's real images, and `fake`, made of `latent` by G."""
    network = discriminator_of(networks)
    seen = objective.behind_augmentations(with_labels(network, batch), moment)

    def reconstructions(images: Tensor, kind: str) -> Sequence[tuple[Tensor, Tensor]]:
        where = moment.uniform(f"{kind}.reconstruction", (len(images), 2))
        return network.reconstructions(objective.augmented(images, kind, moment), where)

    def term_inputs(logits: Mapping[str, Tensor]) -> TermInputs:
        return TermInputs(
            networks=networks,
            real=batch["image"],
            fake=fake,
            latent=latent,
            logits=logits,
            discriminate=lambda images, kind: inputs.logits(kind, images),
            features=lambda images, kind: input_to(network.head, lambda: seen(kind)(images)),
            reconstructions=reconstructions,
            generate=with_labels(generator_of(networks), batch),
            randomness=moment,
        )

    one_pass_is_equal = not objective.augmentations and is_per_sample(network)
    inputs = DiscriminatorInputs(
        seen,
        batch["image"],
        fake,
        network.packing,
        term_inputs=term_inputs,
        together=with_labels(network, batch, copies=2) if one_pass_is_equal else None,
    )
    return inputs
